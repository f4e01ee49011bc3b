// One process for all tests: loading the simulator takes long.
require('./invitation');
require('./pages');
require('./session');
