// Which service and pool this mini-program belongs to; one mini-program serves one pool.
// docs/how-to/publish-the-mini-program.md says what to fill in before publishing.

module.exports = {
  /** The service's public address, as in PBT_PUBLIC_URL. */
  server: 'http://127.0.0.1:8080',
  /** The pool's code, as the file's name in config/rulebooks. */
  pool: 'demo',
  /** The telephone number shown while the service can't be reached; later the pool's hotline is shown. Empty: none. */
  hotline: '',
};
