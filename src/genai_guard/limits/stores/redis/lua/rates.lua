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
