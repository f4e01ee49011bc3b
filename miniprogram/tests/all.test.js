// One process for all: drawing pages takes long to load.
require('./invitation');
require('./pages');
require('./session');
