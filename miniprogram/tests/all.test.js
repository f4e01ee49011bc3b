// One process for all tests: loading the simulator takes long.
require('./guest');
require('./invitation');
require('./pages');
require('./privacy');
require('./session');
