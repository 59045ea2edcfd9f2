-- Let a record enter a state (started once more is a restart), or request the end of its job.
-- Uses: records
-- KEYS  1 the record; for a state also 2 where its attempt is put when it restarts, then the 13
--       indexes
-- ARGV  1 id, 2 the state (empty: request the end), 3 the number of its attempt, as it was read
-- Returns an outcome of `enter` or `request_kill`, and its detail.

local state = ARGV[2]

local function change()
  if state == '' then return request_kill(KEYS[1], now()) end
  local where = indexes(3)
  local key = odd_index(where)
  if key then return 'type', key end
  local failure = probe(where)
  if failure then return failure end
  local record = { hash = KEYS[1], id = ARGV[1], number = ARGV[3], aside = KEYS[2] }
  return enter(record, state, where, now())
end

local outcome, detail = change()
return type(outcome) == 'table' and outcome or { outcome, detail }
