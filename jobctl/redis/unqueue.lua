-- Take jobs out of a stretch of a queue's list and put them back into the sorted set they came from
-- (the undo of requeue), or at the left of another list.
-- Uses: begin
-- KEYS  1 operation, 2 source, 3 the list
-- ARGV  1 number, 2 kept, 3 and 4 first and last index of the stretch, both from the left or both
--       from the right, 5 how many jobs; then the jobs as they are in the list, the members they
--       become, and their scores; without scores the source is a list: the job that runs first is
--       pushed first
-- Returns the result: d, g (not in that stretch).
--
-- The jobs are overwritten first, then removed together in one pass from the nearer end: removing
-- each by its value would read the list up to it each time.

local source, list = KEYS[2], KEYS[3]
local start, stop, count = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local taken = operation .. ':taken'

-- Several jobs can have the same bytes: each points to the next one of them.
local wanted, following = {}, {}
for i = count, 1, -1 do
  local text = ARGV[5 + i]
  wanted[text], following[i] = i, wanted[text]
end
local stretch, refused = attempt('LRANGE', list, start, stop)
if refused then return refused end
-- A stretch counted from the right may begin before the list does.
local length = redis.call('LLEN', list)
local offset = start
if start < 0 and start < -length then offset = -length end

local outcomes, found, adding = {}, {}, {}
for i = 1, count do outcomes[i] = 'g' end
for i = 1, #stretch do
  local job = wanted[stretch[i]]
  if job then
    wanted[stretch[i]] = following[job]
    outcomes[job] = 'd'
    found[#found + 1] = { offset + i - 1, stretch[i] }
    adding[#adding + 1] = ARGV[5 + 2 * count + job] or ''
    adding[#adding + 1] = ARGV[5 + count + job]
  end
end

local failure = claim(nil)
if failure then return failure end
if #found == 0 then return finish(outcomes) end
local scored = #ARGV > 5 + 2 * count
local added, _
if scored then
  added, refused = attempt('ZADD', source, 'NX', unpack(adding))
else
  local pushing = {}
  for i = #adding, 2, -2 do pushing[#pushing + 1] = adding[i] end
  _, refused = attempt('LPUSH', source, unpack(pushing))
end
if refused then return abandon(refused) end
for i = 1, #found do
  _, refused = attempt('LSET', list, found[i][1], taken)
  if refused then break end
end
if not refused then
  _, refused = attempt('LREM', list, start < 0 and -#found or #found, taken)
end
if refused then
  for i = 1, #found do redis.pcall('LSET', list, found[i][1], found[i][2]) end
  if not scored then redis.pcall('LTRIM', source, #found, -1) end
  -- If one of them was in the set before, all stay: a job twice is better than a lost one.
  for i = 2, #adding, 2 do
    if added == #found then redis.pcall('ZREM', source, adding[i]) end
  end
  return abandon(refused)
end
return finish(outcomes)
