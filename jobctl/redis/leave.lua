-- Gives a lease back; the last living holder resumes the queue.
-- KEYS  1 the set of paused queues, 2 the notes of pauses, then the leases of each queue
-- ARGV  1 id, 2 stale, 3 1: resume here, 4 for each queue 1 where it was paused before, else 0;
--       then the queues
-- Returns for each queue o: others hold it; s: it stays paused; r: resumed; w: to be resumed by way
--   of its server; n: it is not paused.

local paused, notes = KEYS[1], KEYS[2]
local id, stale, by_redis, before = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4]

-- A lease that was cleared, or that Redis lost: what it paused must not stay so for ever.
local function lost(queue, hold, was)
  if redis.call('SISMEMBER', paused, queue) == 0 then return 'n' end
  if was or redis.call('HEXISTS', notes, queue) == 1 then return 's' end
  return ended(queue, hold, paused, notes, by_redis, id)
end

local found = {}
for i = 3, #KEYS do
  local hold, queue = KEYS[i], ARGV[2 + i]
  local was = string.sub(before, i - 2, i - 2) == '1'
  if foreign(hold) then
    found[#found + 1] = 'o'
  else
    local held = redis.call('HEXISTS', hold, 'lease:' .. id) == 1
    local live, dead = leases(hold, stale)
    local others = #live
    for l = 1, #live do
      if live[l] == id then others = others - 1 end
    end
    if others > 0 then
      drop(hold, id)
      found[#found + 1] = 'o'
    elseif held or #dead > 0 then
      found[#found + 1] = ended(queue, hold, paused, notes, by_redis, id)
    else
      found[#found + 1] = lost(queue, hold, was)
    end
  end
end
return table.concat(found)
