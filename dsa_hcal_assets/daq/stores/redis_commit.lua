-- Rows and the progress they bring, in one atomic step.
-- KEYS: the hash of progress, then the keys rows go to.
-- ARGV: kind (stream, zset, TSDB-TYPE); expiry in ms (0: never); number of producers; for each its field, the
-- sequence expected there, the new one; then for each row its key's place in KEYS, its time in ms, the number
-- of texts that follow, and these: fields and values of an entry, a member, or a sample.
local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end

local kind, expiry = take(), tonumber(take())
local moves = {}
for i = 1, tonumber(take()) do
  local field, expected, new = take(), take(), take()
  if (redis.call('HGET', KEYS[1], field) or '0') ~= expected then
    return redis.error_reply('OVERTAKEN ' .. field)
  end
  moves[i] = { field, new }
end

-- what could fail is asked first: Redis does not take back what a failing script has written
local newest = {}
for k = 2, #KEYS do
  local found = redis.call('TYPE', KEYS[k]).ok
  if found ~= 'none' and found ~= kind then
    return redis.error_reply('OTHERTYPE ' .. KEYS[k] .. ' holds a ' .. found)
  end
  newest[k] = { 0, 0 }
  if found == 'stream' then
    local facts = redis.call('XINFO', 'STREAM', KEYS[k])
    for i = 1, #facts, 2 do
      if facts[i] == 'last-generated-id' then
        local ms, number = string.match(facts[i + 1], '(%d+)-(%d+)')
        newest[k] = { tonumber(ms), tonumber(number) }
      end
    end
  end
end

local function milliseconds(number)
  return string.format('%.0f', number)
end

local retention = milliseconds(expiry)
while at < #ARGV do
  local k, ms, count = tonumber(take()), tonumber(take()), tonumber(take())
  local texts = {}
  for i = 1, count do
    texts[i] = take()
  end
  local last = newest[k]
  if kind == 'stream' then
    if ms > last[1] then
      last[1], last[2] = ms, 0
    else
      last[2] = last[2] + 1
    end
    redis.call('XADD', KEYS[k], milliseconds(last[1]) .. '-' .. milliseconds(last[2]), unpack(texts))
  else
    last[1] = math.max(last[1], ms)
    if kind == 'zset' then
      redis.call('ZADD', KEYS[k], ms, texts[1])
    else
      -- a sample older than what is retained is refused, and would be removed at once
      redis.pcall('TS.ADD', KEYS[k], milliseconds(ms), texts[1], 'RETENTION', retention, 'ON_DUPLICATE', 'LAST')
    end
  end
end

if expiry > 0 then
  for k = 2, #KEYS do
    local oldest = milliseconds(newest[k][1] - expiry)
    if kind == 'stream' then
      redis.call('XTRIM', KEYS[k], 'MINID', '~', oldest)
    elseif kind == 'zset' then
      redis.call('ZREMRANGEBYSCORE', KEYS[k], '-inf', '(' .. oldest)
    end
    redis.call('PEXPIRE', KEYS[k], retention)
  end
end
for _, move in ipairs(moves) do
  redis.call('HSET', KEYS[1], move[1], move[2])
end
return #moves
