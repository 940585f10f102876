-- Counting together, and one decision for all. KEYS: members, counters, decision.
local members, counters, decision = KEYS[1], KEYS[2], KEYS[3]
local what = ARGV[1]
local KEEP_MS = 90 * 86400 * 1000

if what == 'push' then -- writer, batch, and for each claim member, counter, amount
  local writer, batch = ARGV[2], tonumber(ARGV[3])
  if batch > tonumber(redis.call('HGET', counters, writer) or 0) then
    for i = 4, #ARGV, 3 do
      if ARGV[i] == '' or redis.call('SADD', members, ARGV[i]) == 1 then
        redis.call('HINCRBY', counters, ARGV[i + 1], ARGV[i + 2])
      end
    end
    redis.call('HSET', counters, writer, ARGV[3])
    redis.call('PEXPIRE', members, KEEP_MS)
    redis.call('PEXPIRE', counters, KEEP_MS)
  end
  return redis.call('HGETALL', counters)
end

if what == 'forget' then
  return redis.call('DEL', members, counters, decision)
end

-- decide: version, document; without them what holds is only read
if ARGV[2] and tonumber(ARGV[2]) == tonumber(redis.call('HGET', decision, 'version') or 0) + 1 then
  redis.call('HSET', decision, 'version', ARGV[2], 'document', ARGV[3])
end
redis.call('PEXPIRE', decision, KEEP_MS)
return redis.call('HMGET', decision, 'version', 'document')
