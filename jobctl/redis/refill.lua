-- Append jobs to the list that will go back to a queue; the first of them runs first.
-- Uses: begin
-- KEYS  1 operation, 2 the list that is filled
-- ARGV  1 number, 2 kept, 3 how many jobs the list holds before these, then the jobs
-- Returns the result: d.

local list, before = KEYS[2], tonumber(ARGV[3])
local outcomes = {}
for i = 4, #ARGV do outcomes[i - 3] = 'd' end

local failure = claim(nil)
if failure then return failure end
local length, refused = attempt('LLEN', list)
if refused then return abandon(refused) end
-- The operation's hash may have expired; the length of the list also tells what was done.
if length >= before + #outcomes then return finish(outcomes) end
if length ~= before then
  return abandon(redis.error_reply('ERR the list that goes back is not as it was left'))
end
local _
_, refused = attempt('LPUSH', list, unpack(ARGV, 4))
if refused then return abandon(refused) end
return finish(outcomes)
