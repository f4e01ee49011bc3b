// For browsers without modules: shows that they can't recompute the record. Uses only old syntax.
document.addEventListener('DOMContentLoaded', function () {
  var status = document.querySelector('#check [role="status"]');
  if (status) status.textContent = '您的浏览器版本过旧，不能在这里核对。请更新微信或换一个浏览器，也可以下载记录，用下面的核对程序核对。';
});
