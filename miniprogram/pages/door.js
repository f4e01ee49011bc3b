const { openH5 } = require('../lib/h5');

openH5('/draws/{id}/attendance');
