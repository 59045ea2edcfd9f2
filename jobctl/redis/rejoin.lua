-- Move the jobs of the second list to the first, to run after (or before) those that are there. If
-- a queue is named, the first list then takes the place of the second, which is that queue's.
-- Uses: begin
-- KEYS  1 operation, 2 the set of queue names, 3 the set of paused ones, 4 the first list, 5 the
--       second one
-- ARGV  1 number, 2 kept, 3 the queue whose list the second one is (empty: only append), 4 1: put
--       its name into the set, 5 pause, unpause or nothing: done to it before its jobs are back,
--       6 1: the jobs of the second list run before those of the first
-- Returns the result: d; or more: send the same call again.

local MOST, BYTES = 500, 1024 * 1024
local names, paused, first, second = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local name = ARGV[3]
local from, to = 'RIGHT', 'LEFT'
if ARGV[6] == '1' then from, to = to, from end

-- A removal that finds nothing: see `claim`.
local _, refused = attempt('SREM', names, operation)
if refused then return refused end

local moved, size, job = 0, 0, nil
repeat
  job, refused = attempt('LMOVE', second, first, from, to)
  if refused then return refused end
  if job then moved, size = moved + 1, size + #job end
until not job or moved == MOST or size > BYTES
local left
left, refused = attempt('EXISTS', second)
if refused then return refused end
if left == 1 then return 'more' end
if name == '' then return 'd1' end

local there
there, refused = attempt('EXISTS', first)
if refused then return refused end
refused = claim(nil)
if refused then return refused end
if ARGV[4] == '1' then refused = change({ 'SREM', names, name }, 'SADD', names, name) end
if not refused and ARGV[5] == 'pause' then
  refused = change({ 'SREM', paused, name }, 'SADD', paused, name)
elseif not refused and ARGV[5] == 'unpause' then
  refused = change({ 'SADD', paused, name }, 'SREM', paused, name)
end
if not refused and there == 1 then
  refused = change({ 'RENAMENX', second, first }, 'RENAMENX', first, second)
end
if refused then return abandon(refused) end
return finish({ 'd' })
