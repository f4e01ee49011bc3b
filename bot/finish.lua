-- Store a reply and the journal, and let the user's next message run. 'lost' when the claim had passed to another.
-- KEYS: message, queue, journal, user, pending replies, mark
-- ARGV: key, token, reply, journal act, journal, talk's name, ttl, late ttl, user ttl, journal ttl (milliseconds),
-- how many pending replies this one contains
local s = redis.call('HMGET', KEYS[1], 'owner', 'late', 'reply')
if s[1] ~= ARGV[2] or s[3] or redis.call('LINDEX', KEYS[2], 0) ~= ARGV[1] then return 'lost' end
redis.call('HSET', KEYS[1], 'reply', ARGV[3])
redis.call('PEXPIRE', KEYS[1], s[2] and ARGV[8] or ARGV[7])
redis.call('LPOP', KEYS[2])
if tonumber(ARGV[11]) > 0 then redis.call('LTRIM', KEYS[5], ARGV[11], -1) end

local act = ARGV[4]
if act == 'set' then
  redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[10])
  redis.call('HSET', KEYS[4], 'talk', ARGV[6])
  redis.call('PEXPIRE', KEYS[4], ARGV[9])
elseif act == 'close' then
  redis.call('DEL', KEYS[3])
  redis.call('HDEL', KEYS[4], 'talk')
elseif act == 'forget' then
  redis.call('DEL', KEYS[3], KEYS[4], KEYS[5])
end
return 'done'
