-- Which of the official account's menus by role (个性化菜单) a follower has.

ALTER TABLE wechat_identity ADD COLUMN menu_group varchar(8) NOT NULL DEFAULT ''
  CHECK (menu_group IN ('', 'expert', 'agency', 'staff'));
COMMENT ON COLUMN wechat_identity.menu_group IS
  'The group (tag) of the follower at WeChat, which decides his menu; empty: the account''s own menu.';
