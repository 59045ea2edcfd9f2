-- Put deleted records back: the undo of record_delete.
-- Uses: begin
-- KEYS  1 operation, then the 7 sets of states, the 6 sorted sets of times, a hash for each record,
--       the hashes of archived attempts, the other sets that the records were in
-- ARGV  1 number, 2 kept, 3 how many records, 4 how many attempts; then of each record: id, when
--       it expires (milliseconds, or empty), how many words its hash has, these words; then of
--       each attempt the place of its record, when it expires, how many words, these words; then
--       of each set of a state: how many records, their places; then of each sorted set: how
--       many, place and score in turn; then of each other set as of a state
-- Returns the result: d, g (there is a record of this id again: it is left alone).

local INDEXES, STATES = 13, 7
local count, attempts = tonumber(ARGV[3]), tonumber(ARGV[4])
local hashes = 1 + INDEXES
local sets = hashes + count + attempts
local MANY = 1000 -- words of a command

local failure = claim(nil)
if failure then return failure end

local function write(key, from, words)
  for i = from, from + words - 1, MANY do
    local last = math.min(i + MANY - 1, from + words - 1)
    local refused = change({'UNLINK', key}, 'HSET', key, unpack(ARGV, i, last))
    if refused then return refused end
  end
end

-- Put back a hash, given as its expiry and its words from ARGV[at] on; returns the error, if any.
local function put(key, at)
  local expires, words = ARGV[at], tonumber(ARGV[at + 1])
  local refused = write(key, at + 2, words)
  if not refused and expires ~= '' and words > 0 then
    refused = change({'PERSIST', key}, 'PEXPIREAT', key, expires)
  end
  return refused
end

local outcomes, back, ids = {}, {}, {}
local refused
local at = 5
for i = 1, count do
  local key = KEYS[hashes + i]
  local there
  there, refused = attempt('EXISTS', key)
  if not refused then
    ids[i] = ARGV[at]
    back[i] = there == 0
    outcomes[i] = back[i] and 'd' or 'g'
    if back[i] then refused = put(key, at + 1) end
  end
  if refused then break end
  at = at + 3 + tonumber(ARGV[at + 2])
end
for i = 1, attempts do
  if refused then break end
  local key = KEYS[hashes + count + i]
  local there
  there, refused = attempt('EXISTS', key)
  if there == 0 and back[tonumber(ARGV[at])] then refused = put(key, at + 1) end
  at = at + 3 + tonumber(ARGV[at + 2])
end

-- Add the records that an index does not hold yet; one by time is given a score for each.
local function into_index(key, by_time)
  local held_by, add, take = 'SMISMEMBER', 'SADD', 'SREM'
  if by_time then held_by, add, take = 'ZMSCORE', 'ZADD', 'ZREM' end
  local width = by_time and 2 or 1
  local last = at + width * tonumber(ARGV[at])
  local members, scores = {}, {}
  for j = at + 1, last, width do
    local place = tonumber(ARGV[j])
    if back[place] then
      members[#members + 1] = ids[place]
      scores[#members] = ARGV[j + 1]
    end
  end
  at = last + 1
  if #members == 0 then return nil end
  local held, denied = attempt(held_by, key, unpack(members))
  if denied then return denied end
  local adding, words = {}, {}
  for i = 1, #members do
    if not held[i] or held[i] == 0 then
      adding[#adding + 1] = members[i]
      if by_time then words[#words + 1] = scores[i] end
      words[#words + 1] = members[i]
    end
  end
  return #adding > 0 and change({take, key, unpack(adding)}, add, key, unpack(words)) or nil
end

for i = 2, #KEYS do
  if refused then break end
  local by_time = i > STATES + 1 and i <= hashes
  if i <= hashes or i > sets then refused = into_index(KEYS[i], by_time) end
end
if refused then
  for i = #ways_back, 1, -1 do redis.pcall(unpack(ways_back[i])) end
  return abandon(refused)
end
return finish(outcomes)
