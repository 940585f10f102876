-- What all scripts have in common. Times are microseconds since 1970 of the server's clock; numbers are doubles, and
-- every one that is counted with is a whole number below 2^53, which `call` writes in full. A claim is a struct of doubles:
--   kind, enforced, cost (or what was used; -1 for unknown), then
--   GCRA:   microseconds and fraction of the cost, of the tolerance; fractions in a microsecond
--   ring:   amount, length of a cell
--   ledger: amount, lease, release, begin and end of a period and of the next one in seconds
--   slots:  amount, lease
local GCRA, RING, LEDGER, SLOTS = 1, 2, 3, 4
local CELLS = 12
local MOST = 4503599627370496 -- 2^52
local GRACE_MS = 1000
local call = redis.call

local function clock()
  local t = call('TIME')
  return t[1] * 1000000 + t[2]
end

local function claim_of(text, key, raw)
  local kind, enforced, cost, a, b, c, d, e, f, g
  kind, enforced, cost, a, b = struct.unpack('<ddddd', text)
  if kind == GCRA then
    c, d, e = struct.unpack('<ddd', text, 41)
    return {kind = kind, enforced = enforced, key = key, raw = raw,
      us = a, part = b, most_us = c, most_part = d, parts = e, after = false}
  elseif kind == RING then
    return {kind = kind, enforced = enforced, key = key, raw = raw, cost = cost,
      amount = a, cell = b, after = false, epoch = 0, mark = 0}
  elseif kind == LEDGER then
    c, d, e, f, g = struct.unpack('<ddddd', text, 41)
    return {kind = kind, enforced = enforced, key = key, cost = cost,
      amount = a, lease = b, release = c, start = d, finish = e, next = f, last = g, after = false, mark = 0, hold = false}
  end
  return {kind = kind, enforced = enforced, key = key, cost = cost, amount = a, lease = b, after = false, mark = 0}
end

-- Set the period of a ledger that `now` lies in; false if it is neither of those that the caller knows.
local function in_period(c, now)
  local second = math.floor(now / 1000000)
  if second >= c.finish then c.start, c.finish = c.next, c.last end
  return second >= c.start and second < c.finish
end

-- Return the claims, with their keys and what `MGET` says of these; nil if one of a ledger is for another period than
-- the one that `now` lies in.
local function claims_of(first, stored, now)
  local claims = {}
  for i = first, #ARGV do
    local place = i - first + 1
    local c = claim_of(ARGV[i], KEYS[place + 1], stored[place + 1])
    if now and c.kind == LEDGER and not in_period(c, now) then return nil end
    claims[place] = c
  end
  return claims
end

-- Return a score later than a time; Lua itself would write 14 digits of it.
local function later(now)
  return string.format('(%.0f', now)
end

local function holds(c)
  return c.kind == RING or c.kind == SLOTS or (c.kind == LEDGER and c.lease > 0)
end

local function set(key, state, ttl_us)
  call('SET', key, cmsgpack.pack(state), 'PX', math.ceil(ttl_us / 1000) + GRACE_MS)
end

local function expire(key, ttl_us)
  call('PEXPIRE', key, math.max(0, math.ceil(ttl_us / 1000)) + GRACE_MS)
end

-- GCRA. State: arrival time in microseconds, its fraction, fractions in a microsecond.
local function gcra_read(c)
  return c.raw and cmsgpack.unpack(c.raw)
end

local function gcra_reserve(c, now)
  local state = gcra_read(c)
  local us, part = now, 0
  if state and state[3] ~= c.parts then -- another rate: as many units as before, rounded up
    local ahead = state[1] - now + state[2] / state[3]
    if ahead > 0 then us = now + math.ceil(ahead * state[3] / c.parts) end
  elseif state and state[1] >= now then
    us, part = state[1], state[2]
  end
  us, part = us + c.us, part + c.part
  if part >= c.parts then us, part = us + 1, part - c.parts end
  local ahead = us - now
  if ahead > c.most_us or (ahead == c.most_us and part > c.most_part) then return false end
  c.after = {us, part, c.parts}
  return true
end

-- Ring. State: number of the current cell, then the units of each cell, the newest first.
local function ring_read(c, now)
  local epoch = math.floor(now / c.cell)
  local ring = c.raw and cmsgpack.unpack(c.raw)
  if not ring or epoch - ring[1] > CELLS then return {epoch}, epoch end
  local steps = epoch - ring[1]
  if steps > 0 then
    for i = math.min(#ring + steps, CELLS + 2), 2 + steps, -1 do ring[i] = ring[i - steps] end
    for i = 2, 1 + steps do ring[i] = 0 end
    ring[1] = epoch
  end
  return ring, epoch
end

local function ring_total(ring)
  local total = 0
  for i = 2, #ring do total = total + ring[i] end
  return total
end

local function ring_write(c, ring, epoch)
  while #ring > 1 and ring[#ring] == 0 do ring[#ring] = nil end
  if #ring == 1 and ring[1] <= epoch then
    call('DEL', c.key)
  else
    set(c.key, ring, (ring[1] - epoch + CELLS + 1) * c.cell)
  end
end

local function ring_reserve(c, now)
  local ring, epoch = ring_read(c, now)
  if ring_total(ring) + c.cost > c.amount then return false end
  ring[2] = (ring[2] or 0) + c.cost
  c.after, c.epoch, c.mark = ring, epoch, ring[1]
  return true
end

local function ring_settle(c, now, mark, reserved, actual)
  local ring, epoch = c.after, c.epoch
  if not ring then ring, epoch = ring_read(c, now) end
  c.after, c.epoch = ring, epoch
  if actual > reserved then
    ring[2] = math.min((ring[2] or 0) + actual - reserved, MOST)
  else
    local place = ring[1] - mark + 2
    if place >= 2 and ring[place] then ring[place] = ring[place] - math.min(reserved - actual, ring[place]) end
  end
  ring_write(c, ring, epoch)
end

-- Ledger. A hash: p begin of the period, u used, d when the first lease may run out, and for each holder its hold.
local function hold_of(raw)
  return struct.unpack('<dd', raw)
end

local function ledger_read(c, now)
  local raw = call('HMGET', c.key, 'p', 'u', 'd')
  local account = {period = tonumber(raw[1]), used = tonumber(raw[2]), due = tonumber(raw[3]), ended = {}}
  if not account.period or account.period < c.start then
    account.fresh = raw[1] and true
    account.period, account.used, account.due = c.start, 0, 0
  elseif account.due > 0 and account.due <= now then
    local all, due = call('HGETALL', c.key), 0
    for i = 1, #all, 2 do
      if #all[i] == 16 then
        local amount, till = hold_of(all[i + 1])
        if till <= now then
          account.ended[#account.ended + 1] = all[i]
          if c.release == 1 then account.used = account.used - amount end
        elseif due == 0 or till < due then
          due = till
        end
      end
    end
    account.due = due
  end
  return account
end

local function ledger_has(c, account, holder)
  if account.fresh then return nil end
  for _, ended in ipairs(account.ended) do
    if ended == holder then return nil end
  end
  return call('HGET', c.key, holder)
end

local function ledger_write(c, now, account, holder, hold)
  if account.fresh then call('DEL', c.key) end
  for from = 1, #account.ended, 1000 do -- what `unpack` can bear
    call('HDEL', c.key, unpack(account.ended, from, math.min(from + 999, #account.ended)))
  end
  local numbers = {'p', account.period, 'u', account.used, 'd', account.due}
  if hold then
    call('HSET', c.key, holder, hold, unpack(numbers))
  else
    call('HSET', c.key, unpack(numbers))
  end
  if account.period == c.start then
    expire(c.key, c.finish * 1000000 - now)
  end
end

local function ledger_reserve(c, now, holder)
  local account = ledger_read(c, now)
  local before = c.lease > 0 and ledger_has(c, account, holder)
  account.used = account.used + c.cost
  if account.used > c.amount and (c.cost > 0 or not before) then return false end
  if c.lease > 0 then
    local till = now + c.lease
    local more = before and hold_of(before) or 0
    if account.due == 0 or till < account.due then account.due = till end
    c.hold = struct.pack('<dd', c.cost + more, till)
  end
  c.after, c.mark = account, account.period
  return true
end

local function ledger_settle(c, now, holder, mark, reserved, actual)
  local account = ledger_read(c, now)
  local hold = ledger_has(c, account, holder)
  if mark < account.period then
    account.used = math.min(account.used + math.max(0, actual - reserved), 2 * MOST)
  elseif hold then
    local amount = hold_of(hold)
    account.used = math.min(account.used + math.min(actual - amount, MOST), 2 * MOST)
    account.ended[#account.ended + 1] = holder
  elseif #account.ended == 0 then
    return
  end
  ledger_write(c, now, account)
  if account.used == 0 and call('HLEN', c.key) == 3 then call('DEL', c.key) end
end

-- Slots. A sorted set: each holder by the end of its lease.
local function slots_reserve(c, now, holder)
  local till = call('ZSCORE', c.key, holder)
  c.mark = 0
  if c.cost == 0 then
    c.after = till and tonumber(till) > now
    return true
  end
  c.after = true
  if not till and call('ZCARD', c.key) >= c.amount then
    if call('ZCOUNT', c.key, later(now), '+inf') >= c.amount then return false end
    c.sweep = true
  end
  return true
end

local function slots_write(c, now, holder)
  if c.sweep then call('ZREMRANGEBYSCORE', c.key, '-inf', now) end
  if not c.after then return end
  call('ZADD', c.key, now + c.lease, holder)
  local last = call('ZRANGE', c.key, -1, -1, 'WITHSCORES')[2]
  expire(c.key, tonumber(last) - now)
end

-- All of them.
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

-- How long what a ticket holds is remembered: until nobody can be settling it any more.
local function ticket_ttl(claims)
  local ttl = 10000000 -- of a ticket that holds nothing: it only tells that a call has been counted
  for _, c in ipairs(claims) do
    if c.kind == RING then
      ttl = math.max(ttl, math.min((CELLS + 1) * c.cell, 3600000000))
    elseif holds(c) then
      ttl = math.max(ttl, 2 * c.lease)
    end
  end
  return ttl
end
