-- Read when records expire and which sets they are in.
-- KEYS  a hash for each record, then the sets
-- ARGV  1 how many records, 2 their ids from here on, then of each set: how many records, their
--       places
-- Returns a flat list: seconds and microseconds of the clock, the PTTL of each hash, then for each
-- set a 1 or 0 for each of its records. A key of another type counts as an empty set.

local count = tonumber(ARGV[1])
local time = redis.call('TIME')
local found = { tonumber(time[1]), tonumber(time[2]) }
for i = 1, count do found[i + 2] = redis.call('PTTL', KEYS[i]) end

local at = count + 2
for i = count + 1, #KEYS do
  local ids, many = {}, tonumber(ARGV[at])
  for j = 1, many do ids[j] = ARGV[1 + tonumber(ARGV[at + j])] end
  local held = redis.pcall('SMISMEMBER', KEYS[i], unpack(ids))
  for j = 1, many do found[#found + 1] = held[j] or 0 end
  at = at + many + 1
end
return found
