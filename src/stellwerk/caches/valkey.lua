-- The cache inside of the server: one call, one step, whole or not at all.
--
-- KEYS[1]  what every key begins with, in braces, so that a cluster keeps them together
-- ARGV     act, then what the act needs
--
--   e:KEY           an entry's bytes, until it is stale      a:ALIAS   the key of an entry, as long
--   meta            KEY -> msgpack of {size, stale_ms, after, stored_ms, tenant, model, scope, aliases, tags}
--   order           KEY by when it was used; PROTECTED more where it was used again: who is first goes first
--   order:TENANT    the same of one tenant                   stale     KEY by when it is stale
--   share           tenant -> bytes                          total     what is held, and the newest purge (`last`)
--   purges          msgpack of {when, the purge} by number: those in force
--   told            number:KEY by number: entries that were kept last, for other hosts
--   t:KEY           what those are told of one, without its answer, for TOLD_MS at most

local PROTECTED = 1e14
local SLICE = 200
local TOLD_MS = 3600000

local prefix, act = KEYS[1], ARGV[1]
local order, stale, metas = prefix .. ':order', prefix .. ':stale', prefix .. ':meta'
local share, total, purges = prefix .. ':share', prefix .. ':total', prefix .. ':purges'
local told = prefix .. ':told'

local function whole(amount)
  return string.format('%.0f', amount)
end

local function held(name)
  return tonumber(redis.call('HGET', total, name) or 0)
end

local function number_of(name)
  local found = redis.call('HGET', total, name)
  if not found then -- numbers begin with the time: those of a server that forgot are never below the former ones
    local now = redis.call('TIME')
    found = whole(now[1] * 1000 + math.floor(now[2] / 1000))
    redis.call('HSET', total, name, found)
  end
  return found
end

local function last()
  return number_of('last')
end

local function meta_of(key)
  local found = redis.call('HGET', metas, key)
  return found and cmsgpack.unpack(found)
end

local function remove(key, meta, counted)
  local score = tonumber(redis.call('ZSCORE', order, key) or 0)
  redis.call('DEL', prefix .. ':e:' .. key, prefix .. ':t:' .. key)
  for _, alias in ipairs(meta[8]) do
    if redis.call('GET', prefix .. ':a:' .. alias) == key then
      redis.call('DEL', prefix .. ':a:' .. alias)
    end
  end
  redis.call('HDEL', metas, key)
  redis.call('ZREM', order, key)
  redis.call('ZREM', order .. ':' .. meta[5], key)
  redis.call('ZREM', stale, key)
  redis.call('HINCRBY', total, 'entries', -1)
  redis.call('HINCRBY', total, 'size', -meta[1])
  if score >= PROTECTED then
    redis.call('HINCRBY', total, 'protected', -meta[1])
  end
  if redis.call('HINCRBY', share, meta[5], -meta[1]) <= 0 then
    redis.call('HDEL', share, meta[5])
  end
  if counted then
    redis.call('HINCRBY', total, counted, 1)
  end
end

local function evict(from)
  local key = redis.call('ZRANGE', from, 0, 0)[1]
  local meta = key and meta_of(key)
  if meta then
    remove(key, meta, 'evicted')
  elseif key then
    redis.call('ZREM', from, key)
  end
  return key
end

local function tell(now, most, key, until_ms, about)
  number_of('told')
  local number = whole(redis.call('HINCRBY', total, 'told', 1))
  redis.call('ZADD', told, number, number .. ':' .. key)
  redis.call('ZREMRANGEBYRANK', told, 0, -most - 1)
  redis.call('PEXPIRE', told, TOLD_MS)
  redis.call('SET', prefix .. ':t:' .. key, about, 'PXAT', whole(math.min(until_ms, now + TOLD_MS)))
end

local function keep(now, most, tenant_most, told_most, key, content, packed, about)
  local meta = cmsgpack.unpack(packed)
  local size, tenant, until_ms = meta[1], meta[5], meta[2]
  local former = meta_of(key)
  if former then
    remove(key, former)
  end
  if until_ms <= now or size > tenant_most then
    return
  end
  while tonumber(redis.call('HGET', share, tenant) or 0) + size > tenant_most do
    if not evict(order .. ':' .. tenant) then
      redis.call('HDEL', share, tenant)
    end
  end
  while held('size') + size > most do
    if not evict(order) then
      redis.call('HDEL', total, 'size', 'entries', 'protected')
    end
  end
  redis.call('SET', prefix .. ':e:' .. key, content, 'PXAT', whole(until_ms))
  for _, alias in ipairs(meta[8]) do
    redis.call('SET', prefix .. ':a:' .. alias, key, 'PXAT', whole(until_ms))
  end
  redis.call('HSET', metas, key, packed)
  redis.call('ZADD', order, whole(now), key)
  redis.call('ZADD', order .. ':' .. tenant, whole(now), key)
  redis.call('ZADD', stale, whole(until_ms), key)
  redis.call('HINCRBY', total, 'entries', 1)
  redis.call('HINCRBY', total, 'size', size)
  redis.call('HINCRBY', share, tenant, size)
  if about ~= '' then
    tell(now, told_most, key, until_ms, about)
  end
end

local function rank(key, score)
  local meta = meta_of(key)
  if meta then
    local before = tonumber(redis.call('ZSCORE', order, key) or 0)
    redis.call('ZADD', order, whole(score), key)
    redis.call('ZADD', order .. ':' .. meta[5], whole(score), key)
    if (before >= PROTECTED) ~= (score >= PROTECTED) then
      redis.call('HINCRBY', total, 'protected', score >= PROTECTED and meta[1] or -meta[1])
    end
  else
    redis.call('ZREM', order, key)
  end
end

local function is_taken(meta, conditions)
  for name, value in pairs(conditions) do
    local fits = false
    if name == 'tag' then
      for _, tag in ipairs(meta[9]) do
        fits = fits or tag == value
      end
    elseif name == 'key' then
      fits = meta.key == value
      for _, alias in ipairs(meta[8]) do
        fits = fits or alias == value
      end
    elseif name == 'before_ms' then
      fits = meta[4] < tonumber(value)
    else
      fits = meta[({ tenant = 5, model = 6, scope = 7 })[name]] == value
    end
    if not fits then
      return false
    end
  end
  return true
end

if act == 'look' then -- the newest number that the caller knows, then for each question how many keys, and the keys
  local newest, fresh, answers, at = last(), {}, {}, 3
  if ARGV[2] ~= newest then
    fresh = redis.call('ZRANGEBYSCORE', purges, '(' .. ARGV[2], '+inf', 'WITHSCORES')
  end
  while at <= #ARGV do
    local found = {}
    for place = at + 1, at + tonumber(ARGV[at]) do
      local content = redis.call('GET', prefix .. ':e:' .. ARGV[place])
      if not content then
        local key = redis.call('GET', prefix .. ':a:' .. ARGV[place])
        content = key and redis.call('GET', prefix .. ':e:' .. key)
      end
      if content then
        found[#found + 1] = content
      end
    end
    answers[#answers + 1] = found
    at = at + tonumber(ARGV[at]) + 1
  end
  return { newest, fresh, answers }
elseif act == 'beat' then
  local figures = redis.call('HMGET', total, 'entries', 'size', 'evicted', 'expired')
  for place = 1, 4 do
    figures[place] = figures[place] or '0'
  end
  return { last(), redis.call('ZRANGE', purges, 0, -1, 'WITHSCORES'), figures }
elseif act == 'keep' then -- now, bytes in all, bytes of a tenant, how many are told of; then entries: key, bytes, what
  -- is known of it, what others are told
  local now, most, tenant_most, told_most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
  for place = 6, #ARGV, 4 do
    keep(now, most, tenant_most, told_most, ARGV[place], ARGV[place + 1], ARGV[place + 2], ARGV[place + 3])
  end
  return 'kept'
elseif act == 'touch' then -- now, bytes that may be protected, then keys
  local now = tonumber(ARGV[2])
  for place = 4, #ARGV do
    rank(ARGV[place], now + PROTECTED)
  end
  while held('protected') > tonumber(ARGV[3]) do
    local first = redis.call('ZRANGEBYSCORE', order, whole(PROTECTED), '+inf', 'LIMIT', 0, 1)[1]
    if not first then
      redis.call('HDEL', total, 'protected')
      break
    end
    rank(first, now)
  end
  return 'touched'
elseif act == 'purge' then -- the purge
  last()
  local number = redis.call('HINCRBY', total, 'last', 1)
  redis.call('ZADD', purges, whole(number), ARGV[2])
  return whole(number)
elseif act == 'expire' then -- now
  local over = redis.call('ZRANGEBYSCORE', stale, '-inf', ARGV[2], 'LIMIT', 0, SLICE)
  for _, key in ipairs(over) do
    local meta = meta_of(key)
    if meta then
      remove(key, meta, 'expired')
    else
      redis.call('ZREM', stale, key)
    end
  end
  return #over
elseif act == 'sweep' then -- number of a purge, cursor, then the purge's conditions: name and value of each
  local number, conditions = tonumber(ARGV[2]), {}
  for place = 4, #ARGV, 2 do
    conditions[ARGV[place]] = ARGV[place + 1]
  end
  local function consider(key, meta)
    meta.key = key
    if meta[3] < number and is_taken(meta, conditions) then
      remove(key, meta)
    end
  end
  if conditions.key then -- callers make many of these: they say where to look
    for _, key in ipairs({ conditions.key, redis.call('GET', prefix .. ':a:' .. conditions.key) }) do
      local meta = key and meta_of(key)
      if meta then
        consider(key, meta)
      end
    end
    return '0'
  end
  local found = redis.call('HSCAN', metas, ARGV[3], 'COUNT', SLICE)
  for place = 1, #found[2], 2 do
    consider(found[2][place], cmsgpack.unpack(found[2][place + 1]))
  end
  return found[1]
elseif act == 'forget' then -- number of a purge
  return redis.call('ZREMRANGEBYSCORE', purges, ARGV[2], ARGV[2])
elseif act == 'news' then -- the number up to which the caller has heard, and how many it hears of at most
  local numbers, contents = {}, {}
  for place, member in ipairs(redis.call('ZRANGEBYSCORE', told, '(' .. ARGV[2], '+inf', 'LIMIT', 0, ARGV[3])) do
    local number, key = member:match('^(%d+):(.*)$')
    numbers[place] = number
    contents[place] = redis.call('GET', prefix .. ':t:' .. key) or ''
  end
  return { redis.call('HGET', total, 'told') or '0', numbers, contents }
elseif act == 'scan' then -- cursor
  local found, contents = redis.call('HSCAN', metas, ARGV[2], 'COUNT', 64), {}
  for place = 1, #found[2], 2 do
    contents[#contents + 1] = redis.call('GET', prefix .. ':e:' .. found[2][place])
  end
  return { found[1], contents }
end
return redis.error_reply('ERR there is no act ' .. act)
