-- The ledger's transitions (core/ledger.py) inside the server: one call, one step, whole or not at all.
--
-- KEYS[1]  what every key begins with, in braces, so that a cluster keeps them together
-- ARGV     act, caller, number of the call, owner, Unix time, then what the act needs; for accounts that is six words
--          each: id, kind, capacity, span in seconds, and two amounts
--
-- A caller's calls have rising numbers, and none is carried out a second time, or after a later one: so a caller whose
-- answer was lost can say again what it has given back, and undo what it has taken, once it reaches the server again.
-- Everything is computed before anything is written. Numbers go in and out as text: amounts are exact to 2^53.

local SHARES = 4
local KEPT_S = 90 * 86400 -- what nobody holds, after a budget's period has ended
local CALLER_S = 3600 -- how long a call may be on its way

local prefix = KEYS[1]
local act, caller, number, owner, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local calls = prefix .. ':calls:' .. caller
local owned = prefix .. ':owner:' .. owner
local owners = prefix .. ':owners'
local seen = prefix .. ':seen'
local loaded, order = {}, {}

local function whole(amount)
  return string.format('%.0f', amount)
end

local function load(id, kind, capacity, span)
  local account = loaded[id]
  if not account then
    account = { id = id, key = prefix .. ':account:' .. id, leases = prefix .. ':lease:' .. id }
    local found = redis.call('HMGET', account.key, 'spent', 'held', 'level', 'at_s', 'estimated', 'kind', 'capacity', 'span_s')
    account.spent, account.held = tonumber(found[1] or 0), tonumber(found[2] or 0)
    account.level, account.at = tonumber(found[3] or 0), tonumber(found[4] or 0)
    account.estimated = tonumber(found[5] or 0)
    account.kind, account.capacity, account.span = found[6] or 'slots', tonumber(found[7] or 0), tonumber(found[8] or 0)
    account.own = tonumber(redis.call('HGET', account.leases, owner) or 0)
    loaded[id] = account
    order[#order + 1] = account
  end
  if kind then
    account.kind, account.capacity, account.span = kind, tonumber(capacity), tonumber(span)
  end
  return account
end

local function keep_for(account)
  if account.held > 0 or (account.kind == 'budget' and account.span == 0) then
    return nil
  elseif account.kind == 'budget' then
    return math.max(account.span - now, 0) + KEPT_S
  end
  return 2 * account.span + CALLER_S -- all of it has come back by then
end

local function save()
  for _, account in ipairs(order) do
    redis.call('HSET', account.key, 'spent', whole(account.spent), 'held', whole(account.held),
      'level', string.format('%.17g', account.level), 'at_s', string.format('%.17g', account.at),
      'estimated', whole(account.estimated), 'kind', account.kind, 'capacity', whole(account.capacity),
      'span_s', whole(account.span))
    if account.own > 0 then
      redis.call('HSET', account.leases, owner, whole(account.own))
      redis.call('SADD', owned, account.id)
      redis.call('SADD', owners, owner)
    else
      redis.call('HDEL', account.leases, owner)
      redis.call('SREM', owned, account.id)
    end
    local seconds = keep_for(account)
    if seconds then
      redis.call('EXPIRE', account.key, whole(math.ceil(seconds)))
    else
      redis.call('PERSIST', account.key)
    end
  end
  if redis.call('EXISTS', owned) == 0 then
    redis.call('SREM', owners, owner)
    redis.call('HDEL', seen, owner)
  end
end

local function is_flowing(account)
  return account.kind == 'bucket' or account.kind == 'window'
end

local function window(account, at)
  return at - math.fmod(at, account.span)
end

local function level(account)
  if account.kind == 'window' then
    return window(account, now) <= window(account, account.at) and account.level or 0
  end
  local back = math.max(now - account.at, 0) * account.capacity / account.span
  return math.max(account.level - back, 0)
end

local function left(account)
  if is_flowing(account) then
    return math.max(math.floor(account.capacity - level(account)), 0)
  end
  return math.max(account.capacity - account.spent - account.held, 0)
end

local function hold(account, amount)
  account.held = account.held - account.own + amount
  account.own = amount
end

local function wait_s(account, amount)
  if account.kind == 'slots' or amount > account.capacity then
    return 0
  elseif account.kind == 'budget' then
    return math.max(account.span - now, 0)
  elseif account.kind == 'window' then
    return account.span - math.fmod(now, account.span)
  end
  return (level(account) + amount - account.capacity) * account.span / account.capacity
end

local function give(account, spent, unused)
  if is_flowing(account) then
    account.level = math.max(level(account) - unused, 0)
    account.at = math.max(now, account.at)
    return
  end
  if account.kind ~= 'budget' then
    spent = 0
  end
  hold(account, math.max(account.own - spent - unused, 0))
  account.spent = account.spent + spent
end

-- Calls act(account, amount, other amount) for each account that was named, until it gives something.
local function each(step)
  for at = 6, #ARGV, 6 do
    local account = load(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
    local stop = step(account, tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), (at - 6) / 6 + 1)
    if stop then
      return stop
    end
  end
end

local function done(grants)
  redis.call('HSET', calls, 'number', whole(number), 'grants', table.concat(grants, ' '))
  redis.call('EXPIRE', calls, CALLER_S)
end

local function is_late()
  return number <= tonumber(redis.call('HGET', calls, 'number') or 0)
end

if act == 'take' then
  if is_late() then
    return { 'late' }
  end
  local grants, told = {}, { 'granted' }
  local short = each(function(account, least, wanted, position)
    local free = left(account)
    if free < least then
      local elsewhere = is_flowing(account) and '' or whole(account.held - account.own)
      return { 'short', whole(position - 1), whole(least - free), string.format('%.17g', wait_s(account, least)), elsewhere }
    end
    local granted = math.min(math.max(wanted, least), least + math.floor((free - least) / SHARES))
    if granted > 0 and is_flowing(account) then
      account.level = level(account) + granted
      account.at = math.max(now, account.at)
    elseif granted > 0 then
      hold(account, account.own + granted)
    end
    grants[position] = whole(granted)
    told[2 * position], told[2 * position + 1] = grants[position], whole(left(account))
  end)
  if short then
    done({})
    return short
  end
  save()
  done(grants)
  return told
elseif act == 'give' then
  if is_late() then
    return { 'late' }
  end
  each(give)
  save()
  done({})
  return { 'given' }
elseif act == 'undo' then -- a take: of this number if it has been carried out, and never from now on
  local found = redis.call('HMGET', calls, 'number', 'grants')
  if tonumber(found[1] or 0) == number then
    local grants = {}
    for amount in string.gmatch(found[2], '%S+') do
      grants[#grants + 1] = tonumber(amount)
    end
    if #grants > 0 then
      each(function(account, _, _, position)
        give(account, 0, grants[position])
      end)
      save()
    end
  end
  done({})
  return { 'undone' }
elseif act == 'forfeit' then
  for _, id in ipairs(redis.call('SMEMBERS', owned)) do
    local account = load(id)
    if account.kind == 'budget' then
      account.spent = account.spent + account.own
      account.estimated = account.estimated + account.own
    end
    hold(account, 0)
  end
  save()
  return { 'forfeited' }
elseif act == 'owners' then
  local clock = tonumber(redis.call('TIME')[1])
  local found = {}
  for _, each in ipairs(redis.call('SMEMBERS', owners)) do
    local at = each ~= owner and redis.call('HGET', seen, each)
    if not at then
      redis.call('HSET', seen, each, whole(clock))
    end
    found[#found + 1] = { each, whole(math.max(clock - tonumber(at or clock), 0)) }
  end
  return found
end

local states = {} -- read
for at = 6, #ARGV do
  local fields = redis.call('HMGET', prefix .. ':account:' .. ARGV[at], 'spent', 'level', 'at_s', 'estimated')
  if fields[1] then
    fields[5] = redis.call('HGETALL', prefix .. ':lease:' .. ARGV[at])
    states[#states + 1] = { ARGV[at], fields }
  end
end
return states
