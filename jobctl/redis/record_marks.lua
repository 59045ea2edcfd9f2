-- Let records enter a state, or request the end of their jobs, if they are as they were selected.
-- Uses: records, begin
-- KEYS  1 operation, then the 13 indexes, a hash for each record, and behind these, for each
--       record, where its attempt is put when it restarts
-- ARGV  1 number, 2 kept, 3 the state (empty: request the end), then of each record: id, its
--       state as it was selected (as in the hash, or empty), its attempt
-- Returns the result: d, g (there is no such record, or it is in another state or attempt), f.

local entered = ARGV[3]
local where = indexes(2)
local count = (#ARGV - 3) / 3
local failure = claim(nil)
if failure then return failure end

local key = entered ~= '' and odd_index(where)
if key then
  return abandon(redis.error_reply('WRONGTYPE the key ' .. key .. ' holds another type'))
end
failure = entered ~= '' and probe(where)
if failure then return abandon(failure) end

local time = now()
local function change_one(i)
  local hash = KEYS[where.last + i]
  local outcome, detail = unfit(hash)
  if outcome then return outcome, detail end
  local at = 3 + 3 * (i - 1)
  local was = redis.call('HMGET', hash, 'state', 'attempt')
  if (was[1] or '') ~= ARGV[at + 2] then return 'changed' end
  if attempt_number(was[2]) ~= ARGV[at + 3] then return 'changed' end  -- it was restarted
  if entered == '' then return request_kill(hash, time) end
  local aside = KEYS[where.last + count + i]
  local record = { hash = hash, id = ARGV[at + 1], number = ARGV[at + 3], aside = aside }
  return enter(record, entered, where, time)
end

local LETTERS = {
  entered = 'd', same = 'd', restarted = 'd', requested = 'd', missing = 'g', changed = 'g',
}
local WHY = {
  taken = 'another record is where its attempt would be put',
  type = 'its key holds another type',
}
local outcomes, reason = {}, nil
for i = 1, count do
  local whole, outcome = pcall(change_one, i)
  local refusal = type(outcome) == 'table' and outcome.err or not whole and outcome
  outcomes[i] = not refusal and LETTERS[outcome] or 'f'
  if outcomes[i] == 'f' then reason = WHY[outcome] or tostring(refusal) end
end
return finish(outcomes, reason)
