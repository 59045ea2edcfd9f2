-- Clears the leases of dead holders; a queue that nobody else holds is resumed.
-- KEYS  1 the set of paused queues, 2 the notes of pauses, then the leases of each queue
-- ARGV  1 id of whoever clears, 2 stale, 3 1: resume here, then the queues
-- Returns for each queue x: there was none; o: others hold it; s: it stays paused; r: resumed; w: to
--   be resumed by way of its server; n: it is not paused; v: another version's.

local paused, notes, id, stale, by_redis = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local found = {}
for i = 3, #KEYS do
  local hold, queue = KEYS[i], ARGV[1 + i]
  local live, dead = leases(hold, stale)
  if foreign(hold) then
    found[#found + 1] = 'v'
  elseif #dead == 0 then
    found[#found + 1] = #live > 0 and 'o' or 'x'
  elseif #live > 0 then
    for d = 1, #dead do drop(hold, dead[d]) end
    found[#found + 1] = 'o'
  else
    found[#found + 1] = ended(queue, hold, paused, notes, by_redis, id)
  end
end
return table.concat(found)
