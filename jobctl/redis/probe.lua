-- Check that queues would take a job, while the jobs to be pushed still have another place: push to
-- each list and take it back. Only the names of the queues stay behind.
-- Uses: begin
-- KEYS  1 operation, 2 source, 3 the set of queue names, then the list of each queue
-- ARGV  1 number, 2 kept, then the name of each queue
-- Returns a text for each list: empty, or why it would not take one.

local source, names = KEYS[2], KEYS[3]
local failure = claim(source)
if failure then return failure end
local answers = {}
for k = 4, #KEYS do
  -- The command that takes it back first: if it is denied, nothing is pushed.
  local _, refused = attempt('LTRIM', KEYS[k], 0, -1)
  if not refused then _, refused = attempt('RPUSH', KEYS[k], operation) end
  if not refused then
    redis.call('LTRIM', KEYS[k], 0, -2)
    _, refused = attempt('SADD', names, ARGV[k - 1])
  end
  answers[k - 3] = refused and refused.err or ''
end
return answers
