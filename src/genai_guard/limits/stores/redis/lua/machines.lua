-- All of them. Where there are none but rates, the accounts are left out of the script.
local function reserve(c, now, holder)
  if c.kind == GCRA then
    c.after = gcra_reserve(c.raw, now, c.us, c.part, c.most_us, c.most_part, c.parts)
    return c.after
  end
  if c.kind == RING then
    c.after, c.epoch = ring_reserve(c.raw, now, c.cost, c.amount, c.cell)
    c.mark = c.after and c.after[1]
    return c.after
  end
  if c.kind == LEDGER then return ledger_reserve(c, now, holder) end
  return slots_reserve(c, now, holder)
end

local function commit(c, now, holder)
  if c.kind == GCRA then
    set(c.key, c.after, c.after[1] + 1 - now)
  elseif c.kind == RING then
    ring_write(c.key, c.after, c.epoch, c.cell)
  elseif c.kind == LEDGER then
    ledger_write(c, now, c.after, holder, c.hold)
  else
    slots_write(c, now, holder)
  end
end

-- Return a state as the caller decodes it; of ledgers and slots no more than is needed to tell how full they are.
local function read(c, now)
  if c.kind == GCRA or c.kind == RING then return c.raw and cmsgpack.unpack(c.raw) or {} end
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
  if c.kind == RING then return math.min((CELLS + 1) * c.cell, MOST_TTL) end
  return 2 * c.lease
end

-- Put what was used in the place of a reservation; a second part of it finds what the first one has left.
local function ring_settle(c, now, mark, reserved, actual)
  local ring, epoch = c.after, c.epoch
  if not ring then ring, epoch = ring_read(c.raw, now, c.cell) end
  c.after, c.epoch = ring, epoch
  if actual > reserved then
    ring[2] = math.min((ring[2] or 0) + actual - reserved, MOST)
  else
    local place = ring[1] - mark + 2
    if place >= 2 and ring[place] then ring[place] = ring[place] - math.min(reserved - actual, ring[place]) end
  end
  ring_write(c.key, ring, epoch, c.cell)
end
