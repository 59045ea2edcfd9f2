-- Stage the lists of queues for their removal (rename them), unlink them, or only count their jobs.
-- Uses: begin
-- KEYS  1 operation, 2 the set of queue names, 3 the set of paused ones, then the lists, then for
--       each of them the key that it is renamed to
-- ARGV  1 number, 2 kept, 3 fewest and 4 most jobs that there may be in all (empty: any number),
--       5 what happens to the lists: aside (renamed), unlink, stay; 6 what happens to the names:
--       forget (removed from both sets), mark (paused if they are in a set, so that a server that
--       removes them leaves a trace), stay; then the names
-- Returns the result: the jobs of each list (-: there is none); for each name r- (registered), -p
--         (paused), rp or --; and 6. Or n and the number of jobs, if that is out of bounds: then
--         nothing was changed.

local names, paused = KEYS[2], KEYS[3]
local fewest, most = tonumber(ARGV[3]), tonumber(ARGV[4])
local lists, fate = ARGV[5], ARGV[6]
local count = (#KEYS - 3) / 2

-- A removal that finds nothing: see `claim`.
local _, refused = attempt('SREM', names, operation)
if refused then return refused end

local sizes, total = {}, 0
for i = 1, count do
  local kind
  kind, refused = attempt('TYPE', KEYS[3 + i])
  if refused then return refused end
  sizes[i] = '-'
  local taken
  taken, refused = attempt('EXISTS', KEYS[3 + count + i])
  if refused then return refused end
  if taken == 1 then return redis.error_reply('ERR something was put aside there before') end
  if kind.ok == 'list' then
    sizes[i], refused = attempt('LLEN', KEYS[3 + i])
    if refused then return refused end
    total = total + sizes[i]
  end
end
if (fewest and total < fewest) or (most and total > most) then return 'n' .. total end

local was = {}
for i = 7, #ARGV do
  local registered, stopped
  registered, refused = attempt('SISMEMBER', names, ARGV[i])
  if refused then return refused end
  stopped, refused = attempt('SISMEMBER', paused, ARGV[i])
  if refused then return refused end
  was[i - 6] = (registered == 1 and 'r' or '-') .. (stopped == 1 and 'p' or '-')
end

refused = claim(nil)
if refused then return refused end
for i = 7, #ARGV do
  if fate == 'forget' then
    refused = change({ 'SADD', names, ARGV[i] }, 'SREM', names, ARGV[i])
      or change({ 'SADD', paused, ARGV[i] }, 'SREM', paused, ARGV[i])
  elseif fate == 'mark' and was[i - 6] ~= '--' then
    refused = change({ 'SREM', paused, ARGV[i] }, 'SADD', paused, ARGV[i])
  end
  if refused then return abandon(refused) end
end
for i = 1, count do
  local list, aside = KEYS[3 + i], KEYS[3 + count + i]
  if sizes[i] ~= '-' and lists == 'aside' then
    refused = change({ 'RENAMENX', aside, list }, 'RENAMENX', list, aside)
  elseif sizes[i] ~= '-' and lists == 'unlink' then
    refused = change(nil, 'UNLINK', list)
  end
  if refused then return abandon(refused) end
end

local result = table.concat(sizes, ',') .. ' ' .. table.concat(was, ',') .. ' ' .. fate
redis.call('HSET', operation, number, result)
return result
