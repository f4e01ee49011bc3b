App({
  /** A link to a page that a newer version dropped leads to the first page. */
  onPageNotFound() {
    wx.reLaunch({ url: '/pages/index/index' });
  },
});
