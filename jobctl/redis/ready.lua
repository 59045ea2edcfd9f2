-- Check, before an operation begins, that its script can write here; leaves nothing behind.
-- KEYS  1 a key that nobody has, 2 the set that jobs are selected from, if there is one
-- ARGV  the commands that the script uses
-- Returns OK, or the error of what the server refuses.
--
-- Each command is called with the first key for all its arguments, with one more each time: in the
-- end it is refused for its arguments, or changes that key alone.

local key = KEYS[1]
local DENIALS = {
  'nknown', 'NOPERM', 'ACL failure', "can't run", "can't access", 'READONLY', 'MISCONF',
  'NOREPLICAS',
}

local function denied(reply)
  if type(reply) ~= 'table' or not reply.err then return nil end
  for i = 1, #DENIALS do
    if string.find(reply.err, DENIALS[i], 1, true) then return reply end
  end
  return nil
end

local function tried(command)
  local reply
  for count = 1, 4 do
    local words = {}
    for i = 1, count do words[i] = key end
    reply = redis.pcall(command, unpack(words))
    local err = type(reply) == 'table' and reply.err or ''
    if string.find(err, 'nknown', 1, true) then
      return redis.error_reply("ERR unknown command '" .. command .. "'")
    end
    if string.find(err, "can't run", 1, true) then  -- Redis 7.0 does not say which one
      return redis.error_reply("The user executing the script can't run " .. command)
    end
    if not string.find(string.lower(err), 'wrong number of arg', 1, true) then break end
  end
  return denied(reply)
end

local refused
for i = 1, #ARGV do refused = refused or tried(ARGV[i]) end
if #KEYS > 1 then refused = refused or denied(redis.pcall('ZREM', KEYS[2], key)) end
redis.pcall('UNLINK', key)
redis.pcall('DEL', key)
redis.pcall('HDEL', key, key)
redis.pcall('EXPIRE', key, 1)
return refused or redis.status_reply('OK')
