-- All of them. Where there are none but rates, the accounts are left out of the script.
local function reserve(c, now, holder)
  if c.kind == GCRA then return gcra_reserve(c, now) end
  if c.kind == RING then return ring_reserve(c, now) end
  if c.kind == LEDGER then return ledger_reserve(c, now, holder) end
  return slots_reserve(c, now, holder)
end

local function commit(c, now, holder)
  if c.kind == GCRA then
    set(c.key, c.after, c.after[1] + 1 - now)
  elseif c.kind == RING then
    ring_write(c, c.after, c.epoch)
  elseif c.kind == LEDGER then
    ledger_write(c, now, c.after, holder, c.hold)
  else
    slots_write(c, now, holder)
  end
end

-- Return a state as the caller decodes it; of ledgers and slots no more than is needed to tell how full they are.
local function read(c, now)
  if c.kind == GCRA then return gcra_read(c) or {} end
  if c.kind == RING then
    return c.raw and cmsgpack.unpack(c.raw) or {}
  end
  if c.kind == LEDGER then
    local raw = call('HMGET', c.key, 'p', 'u')
    if not raw[1] then return {} end
    if c.release == 1 or raw[2] == '0' then
      for _, item in ipairs(call('HGETALL', c.key)) do raw[#raw + 1] = item end
    end
    return raw
  end
  local after = later(now)
  local count = call('ZCOUNT', c.key, after, '+inf')
  if count == 0 then return {0, 0, 0} end
  local rank = math.max(0, count - c.amount)
  local free = call('ZRANGEBYSCORE', c.key, after, '+inf', 'WITHSCORES', 'LIMIT', rank, 1)[2]
  local last = call('ZRANGE', c.key, -1, -1, 'WITHSCORES')[2]
  return {count, tonumber(free), tonumber(last)}
end

-- How long it is remembered what a ticket holds of a claim: until nobody can be settling it any more.
local function ticket_ttl(c)
  if c.kind == RING then return math.min((CELLS + 1) * c.cell, 3600000000) end
  return 2 * c.lease
end
