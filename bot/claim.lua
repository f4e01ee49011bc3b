-- Begin a message, ask again whether its turn has come, or renew its lease.
-- KEYS: message, queue, journal, user, pending replies, mark of a message that was here
-- ARGV: key, token, lease, as job, ttl, late ttl, user ttl, window's sort, its end, its count, mark's ttl (times in
-- milliseconds)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local key, token, job = ARGV[1], ARGV[2], ARGV[4] == '1'

local s = redis.call('HMGET', KEYS[1], 'owner', 'lease', 'late', 'reply')
local owner, late, reply = s[1], s[3], s[4]
if late and not job and (reply or owner ~= token) then return {'late'} end
if reply then return {'done', reply, late and 1 or 0} end
if owner and owner ~= token and tonumber(s[2]) > now then return {'join'} end

if not owner then
  -- its hash is gone, so WeChat gave up repeating it long ago: this is a copy that somebody recorded
  if not job and redis.call('EXISTS', KEYS[6]) == 1 then return {'late'} end
  redis.call('SET', KEYS[6], 1, 'PX', ARGV[11])
end
redis.call('HSET', KEYS[1], 'owner', token, 'lease', now + tonumber(ARGV[3]))
if job then redis.call('HSET', KEYS[1], 'late', 1) end
redis.call('PEXPIRE', KEYS[1], (job or late) and ARGV[6] or ARGV[5])
if not owner and ARGV[8] ~= '' then
  redis.call('HSET', KEYS[4], ARGV[8] .. '_until', ARGV[9], ARGV[8] .. '_left', ARGV[10])
  redis.call('PEXPIRE', KEYS[4], ARGV[7])
end

if not owner or not redis.call('LPOS', KEYS[2], key) then
  redis.call('RPUSH', KEYS[2], key)
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
end
local head = redis.call('LINDEX', KEYS[2], 0)
while head ~= key do
  local h = redis.call('HMGET', string.sub(KEYS[1], 1, -1 - #key) .. head, 'lease', 'reply')
  -- a second more than its own retry needs to take over, so that a message that was begun first stays first
  if h[1] and not h[2] and tonumber(h[1]) + 1000 > now then return {'turn'} end
  redis.call('LPOP', KEYS[2]) -- its process died
  head = redis.call('LINDEX', KEYS[2], 0)
end

local journal = redis.call('GET', KEYS[3])
local pending = redis.call('LRANGE', KEYS[5], 0, -1)
if journal then return {'run', journal, '', pending} end
local talk = redis.call('HGET', KEYS[4], 'talk')
if talk then redis.call('HDEL', KEYS[4], 'talk') end -- it was open, and its journal has expired
return {'run', '', talk or '', pending}
