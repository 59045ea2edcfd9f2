-- Sets a field of a record and the indexes that lead to it by that: name, arguments, provider's id.
-- KEYS  1 the record, then the sets that lead to it by the old value, then those by the new one
-- ARGV  1 id, 2 the field, 3 its JSON as it was read (empty: there was none), 4 its new JSON,
--       5 how many sets are the old ones
-- Returns set; or an outcome, and its detail.

local hash, id, field, new = KEYS[1], ARGV[1], ARGV[2], ARGV[4]
local last_old = 1 + tonumber(ARGV[5])
local outcome, detail = unfit(hash)
if outcome then return { outcome, detail } end
local was = redis.call('HGET', hash, field)
if (was or '') ~= ARGV[3] then return { 'changed' } end
local key = odd('set', KEYS, 2, #KEYS)
if key then return { 'type', key } end
local failure = probe_record(hash)
if failure then return failure end
local _
if #KEYS > 1 then
  _, failure = attempt('SREM', KEYS[2], hash .. '\0')  -- finds nothing: it asks for permission
  if failure then return failure end
end

local stays = {}
for i = last_old + 1, #KEYS do stays[KEYS[i]] = true end
local added = {}
local function take_back(reply)
  for i = 1, #added do redis.call('SREM', added[i], id) end
  return reply
end
for i = last_old + 1, #KEYS do
  local count
  count, failure = attempt('SADD', KEYS[i], id)
  if failure then return take_back(failure) end
  if count == 1 then added[#added + 1] = KEYS[i] end
end
_, failure = attempt('HSET', hash, field, new)
if failure then return take_back(failure) end
for i = 2, last_old do
  if not stays[KEYS[i]] then redis.call('SREM', KEYS[i], id) end
end
return { 'set' }
