-- Delete records: their hashes, their archived attempts, and all index entries.
-- Uses: begin
-- KEYS  1 operation, then the 7 sets of states, the 6 sorted sets of times, a hash for each record,
--       the hashes of archived attempts, the other sets that the records are in
-- ARGV  1 number, 2 kept, 3 how many records, 4 how many attempts, 5 how many shapes; then of each
--       shape: how many fields, their names; then of each record: id, shape (0: an orphan), the
--       digest of its fields; then of each attempt the place of its record; then of each other
--       set: how many records, their places
-- Returns the result: d, g (it is gone, or was changed since it was selected).

local INDEXES, STATES = 13, 7
local count, attempts, shapes = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local hashes = 1 + INDEXES
local sets = hashes + count + attempts
local MANY = 1000 -- words of a command
local LENGTHS = 'l' -- begins a digest that counts the bytes of each word: one of them holds a zero

local at = 6
local fields = {}
for shape = 1, shapes do
  local names = {}
  for i = 1, tonumber(ARGV[at]) do names[i] = ARGV[at + i] end
  fields[shape] = names
  at = at + #names + 1
end
local first = at
local function id(i) return ARGV[first + 3 * (i - 1)] end

-- Remove a member that no set has: what would be refused later is refused now.
local failure = claim(KEYS[STATES + 2])
if failure then return failure end
local refused, _
for i = 2, #KEYS do
  if i <= hashes or i > sets then
    local times = i > STATES + 1 and i <= hashes
    _, refused = attempt(times and 'ZREM' or 'SREM', KEYS[i], operation)
    if refused then return abandon(refused) end
  end
end

-- Names and values in turn, in the order of a shape; nil if one of them is missing.
local function in_order(key, names)
  if redis.call('HLEN', key) ~= #names then return nil end
  local flat = {}
  for from = 1, #names, MANY do
    local last = math.min(#names, from + MANY - 1)
    local values = redis.call('HMGET', key, unpack(names, from, last))
    for i = 1, #values do
      if not values[i] then return nil end
      flat[#flat + 1] = names[from + i - 1]
      flat[#flat + 1] = values[i]
    end
  end
  return flat
end

-- Whether a hash is what a digest was made of. A large hash returns its fields in any order.
local function same(key, names, digest)
  if redis.sha1hex(table.concat(redis.call('HGETALL', key), '\0')) == digest then return true end
  local flat = in_order(key, names)
  if not flat then return false end
  if string.sub(digest, 1, 1) ~= LENGTHS then
    return redis.sha1hex(table.concat(flat, '\0')) == digest
  end
  for i = 1, #flat do flat[i] = #flat[i] .. ':' .. flat[i] end
  return LENGTHS .. redis.sha1hex(table.concat(flat)) == digest
end

local function in_an_index(name)
  for i = 2, hashes do
    local held = redis.call(i > STATES + 1 and 'ZSCORE' or 'SISMEMBER', KEYS[i], name)
    if held and held ~= 0 then return true end
  end
  return false
end

local function unchanged(i)
  local key, shape = KEYS[hashes + i], tonumber(ARGV[first + 3 * (i - 1) + 1])
  if shape == 0 then return redis.call('EXISTS', key) == 0 and in_an_index(id(i)) end
  return same(key, fields[shape], ARGV[first + 3 * (i - 1) + 2])
end

local outcomes, going, ids, keys = {}, {}, {}, {}
for i = 1, count do
  local known, here = pcall(unchanged, i)
  if not known then
    local why = type(here) == 'table' and here.err or tostring(here)
    if not string.find(why, 'WRONGTYPE', 1, true) then return abandon(redis.error_reply(why)) end
    here = false
  end
  outcomes[i] = here and 'd' or 'g'
  going[i] = here
  if here then
    ids[#ids + 1] = id(i)
    keys[#keys + 1] = KEYS[hashes + i]
  end
end
at = first + 3 * count
for i = 1, attempts do
  if going[tonumber(ARGV[at])] then keys[#keys + 1] = KEYS[hashes + count + i] end
  at = at + 1
end
if #ids == 0 then return finish(outcomes) end

-- Only the first one can be refused: by a permission, before anything has changed.
for from = 1, #keys, MANY do
  _, refused = attempt('UNLINK', unpack(keys, from, math.min(#keys, from + MANY - 1)))
  if refused then return abandon(refused) end
end
for i = 2, hashes do
  redis.call(i > STATES + 1 and 'ZREM' or 'SREM', KEYS[i], unpack(ids))
end
for i = sets + 1, #KEYS do
  local members, many = {}, tonumber(ARGV[at])
  for j = at + 1, at + many do
    local place = tonumber(ARGV[j])
    if going[place] then members[#members + 1] = id(place) end
  end
  if #members > 0 then redis.call('SREM', KEYS[i], unpack(members)) end
  at = at + many + 1
end
return finish(outcomes)
