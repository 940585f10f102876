local function expire(key, ttl_us)
  call('PEXPIRE', key, math.max(0, math.ceil(ttl_us / 1000)) + GRACE_MS)
end

-- Return a score later than a time; Lua itself would write 14 digits of it.
local function later(now)
  return string.format('(%.0f', now)
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
