-- Shared by the scripts of operations: apply a batch once, and keep its result.
-- KEYS  1 the operation's hash: batch number -> result
-- ARGV  1 the number of this batch, 2 seconds that the hash is kept after its last batch
-- Returns the result, from here already where the batch was applied before; else goes on.
--
-- A result is a run-length text, a letter for each member in the order given: d3g1d2.
--   d  done
--   t  done, and the same member was in the target already: one is left, with its own score
--   g  gone: no longer where it was selected
--   f  failed; the reason follows the letters after a blank
-- A refusal that leaves everything as it was is an error reply, and leaves no result.

local operation, number, kept = KEYS[1], ARGV[1], ARGV[2]

local function attempt(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then return nil, reply end
  return reply, nil
end

-- Write, and remember the command that undoes it. If the write is refused, undo every write made
-- with `change` and return the error.
local ways_back = {}
local function change(way_back, ...)
  local reply, refused = attempt(...)
  if not refused then
    if reply ~= 0 then ways_back[#ways_back + 1] = way_back end
    return nil
  end
  for i = #ways_back, 1, -1 do redis.pcall(unpack(ways_back[i])) end
  return refused
end

-- Forget the number of this batch and return the error.
local function abandon(failure)
  redis.pcall('HDEL', operation, number)
  return failure
end

-- Note the number of this batch; returns the error if that is refused. `probe` is a sorted set that
-- members will be removed from: removing a member that is not there is the first write, so that a
-- replica or a missing permission refuses before anything has changed. A Redis that is full lets a
-- script go on whose first write frees memory.
local function claim(probe)
  if probe then
    local _, denied = attempt('ZREM', probe, operation)
    if denied then return denied end
  end
  local _, failure = attempt('HSET', operation, number, '')
  if failure then return failure end
  _, failure = attempt('EXPIRE', operation, kept)
  if failure then return abandon(failure) end
  return nil
end

-- Remove members. If that fails, all of them are there with their scores as before.
local function remove(source, members, scores)
  local removed, refused = attempt('ZREM', source, unpack(members))
  if not refused and removed == #members then return nil end
  local back = {}
  for i = 1, #members do
    back[2 * i - 1], back[2 * i] = scores[i], members[i]
  end
  if not refused then redis.call('ZADD', source, 'NX', unpack(back)) end
  return refused or redis.error_reply('ERR a member was given twice')
end

-- Keep the result and return it.
local function finish(outcomes, reason)
  local runs, last, count = {}, nil, 0
  for i = 1, #outcomes do
    if outcomes[i] == last then
      count = count + 1
    else
      if last then runs[#runs + 1] = last .. count end
      last, count = outcomes[i], 1
    end
  end
  if last then runs[#runs + 1] = last .. count end
  local result = table.concat(runs)
  if reason then result = result .. ' ' .. reason end
  redis.call('HSET', operation, number, result)
  return result
end

local told = redis.call('HGET', operation, number)
if told and told ~= '' then return told end
