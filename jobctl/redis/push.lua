-- Push jobs that have left their source to the front of their queues: the second half of a release,
-- after the server has dropped the reservations.
-- Uses: begin
-- KEYS  1 operation, 2 source, 3 the set of queue names, then the list of each queue
-- ARGV  1 number, 2 kept, 3 the result as it will be, then for each list: the queue's name, how
--       many jobs, and the jobs, the last one to run first
-- Returns the result. If a push is refused, what was pushed is taken back and there is no result.

local source, names, result = KEYS[2], KEYS[3], ARGV[3]
local failure = claim(source)
if failure then return failure end
local at = 4
for k = 4, #KEYS do
  local name, count = ARGV[at], tonumber(ARGV[at + 1])
  local pushed, refused = attempt('RPUSH', KEYS[k], unpack(ARGV, at + 2, at + 1 + count))
  if pushed then
    local _
    _, refused = attempt('SADD', names, name)
    if refused then redis.call('LTRIM', KEYS[k], 0, -1 - count) end
  end
  if refused then
    at = 4
    for before = 4, k - 1 do
      redis.call('LTRIM', KEYS[before], 0, -1 - tonumber(ARGV[at + 1]))
      at = at + 2 + tonumber(ARGV[at + 1])
    end
    return abandon(refused)
  end
  at = at + 2 + count
end
redis.call('HSET', operation, number, result)
return result
