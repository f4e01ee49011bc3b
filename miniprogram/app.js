App({
  /** A link to a page that this version does not have opens the first page. */
  onPageNotFound() {
    wx.reLaunch({ url: '/pages/index/index' });
  },
});
