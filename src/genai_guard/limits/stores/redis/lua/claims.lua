-- Return the claim that is written at a place in a text, and the place of the next one.
local function claim_at(text, at, key, raw)
  local kind, enforced, cost, a, b, c, d, e, f, g
  kind, enforced, cost, a, b, at = struct.unpack('<ddddd', text, at)
  if kind == GCRA then
    c, d, e, at = struct.unpack('<ddd', text, at)
    return {kind = kind, enforced = enforced, key = key, raw = raw,
      us = a, part = b, most_us = c, most_part = d, parts = e, after = false}, at
  elseif kind == RING then
    return {kind = kind, enforced = enforced, key = key, raw = raw, cost = cost,
      amount = a, cell = b, after = false, epoch = 0, mark = 0}, at
  elseif kind == LEDGER then
    c, d, e, f, g, at = struct.unpack('<ddddd', text, at)
    return {kind = kind, enforced = enforced, key = key, cost = cost, amount = a, lease = b,
      release = c, start = d, finish = e, next = f, last = g, after = false, mark = 0, hold = false}, at
  end
  return {kind = kind, enforced = enforced, key = key, cost = cost, amount = a, lease = b, after = false, mark = 0}, at
end

-- Set the period of a ledger that `now` lies in; false if it is neither of those that the caller knows.
local function in_period(c, now)
  local second = math.floor(now / 1000000)
  if second >= c.finish then c.start, c.finish = c.next, c.last end
  return second >= c.start and second < c.finish
end

-- Return the claims, with their keys and what `MGET` says of these; nil if one of a ledger is for another period than
-- the one that `now` lies in.
local function claims_of(text, stored, now)
  local claims, at = {}, 1
  for place = 1, #KEYS - 1 do
    local c
    c, at = claim_at(text, at, KEYS[place + 1], stored[place + 1])
    if now and c.kind == LEDGER and not in_period(c, now) then return nil end
    claims[place] = c
  end
  return claims
end

local function holds(c)
  return c.kind == RING or c.kind == SLOTS or (c.kind == LEDGER and c.lease > 0)
end
