/*
** scripts.h - the Lua code of test_embed.c: an ordinary script, and hostile
** ones, which have a client of the host's (`client`), the whole of Lua's
** libraries and look(), which knows the token when it sees it.
*/
#ifndef CEL_SCRIPTS_H
#define CEL_SCRIPTS_H

#include <stdbool.h>

/* What a script does in its day. */
static const char ordinary[] =
    "local list = assert(client:list_connectors()) "
    "local id = list[1]._id "
    "assert(client:get_connector_by_id(id)) "
    "assert(client:edit_connector(id, function(c) c.name = 'Other' end)) "
    "local n = 0 "
    "for _ in client:each_connector { limit = 1 } do n = n + 1 end "
    "assert(n == #list) "
    "for page in client:pages { path = '/v1/connectors' } do "
    "  assert(#page == n) end "
    "local results, errors = client:map({ id, id }, function(item) "
    "  return client:list_connector_licenses(item) end) "
    "assert(#results == 2 and next(errors) == nil) "
    "local call = client:submit('get_connector_by_id', id) "
    "while client:step(0.1) > 0 do end "
    "assert(call:result()) "
    "local _, err = client:get_connector_by_id 'ffffffffffffffffffffffff' "
    "assert(celigo.is_error(err) and err.status == 404) "
    "local good, message = pcall(client.list_connectors, client, "
    "  { tiemout = 1 }) "
    "assert(not good and message:find 'timeout') "
    "assert(celigo.timestamp(0) == '1970-01-01T00:00:00.000Z')";

/* For the hostile ones. `objects` makes one of every kind that a script can
   get hold of; `each_value` goes through all that it can reach. */
static const char prelude[] =
    "id = assert(client:list_connectors())[1]._id\n"
    "junk = { false, 0, -1, 1e300, 'x', {}, math.abs, io.stdout,\n"
    "  coroutine.create(math.abs), coroutine.running() }\n"
    "function objects()\n"
    "  local list = { client = client,\n"
    "    call = client:submit('get_connector_by_id', id),\n"
    "    list = client:submit('list_connectors', { limit = 1 }) }\n"
    "  list.next, _, _, list.walk = client:each_connector { limit = 1 }\n"
    "  list.next()\n"
    "  list.page, _, _, list.pages = client:pages { path = '/v1/connectors',\n"
    "    limit = 1 }\n"
    "  list.page()\n"
    "  list.cursor = list.walk.cursor\n"
    "  list.page_call = list.walk.call\n"
    "  list.ahead = list.walk.prefetched\n"
    "  return list\n"
    "end\n"
    "function use(list)\n"
    "  collectgarbage()\n"
    "  for _ = 1, 3 do\n"
    "    for name in pairs(list) do\n"
    "      pcall(tostring, list[name])\n"
    "      for _, method in ipairs { 'step', 'done', 'ready', 'result',\n"
    "        'rest', 'ended', 'wait', 'cancel', 'close' } do\n"
    "        if not (name == 'client' and method == 'close') then\n"
    "          pcall(function() return list[name][method](list[name]) end)\n"
    "        end\n"
    "      end\n"
    "    end\n"
    "    if list.next then pcall(list.next) end\n"
    "    if list.page then pcall(list.page) end\n"
    "    pcall(client.get_connector_by_id, client, id)\n"
    "    pcall(client.list_connectors, client, { limit = 1 })\n"
    "    pcall(client.map, client, { id }, function(x)\n"
    "      return client:get_connector_by_id(x) end)\n"
    "    collectgarbage()\n"
    "  end\n"
    "end\n"
    "function each_value(visit)\n"
    "  local done, todo = {}, {}\n"
    "  done[done], done[todo] = true, true\n"
    "  local function add(v)\n"
    "    if v == nil or v ~= v or done[v] then return end\n"
    "    done[v] = true todo[#todo + 1] = v visit(v)\n"
    "  end\n"
    "  add(_G) add(debug.getregistry()) add(coroutine.running())\n"
    "  add(getmetatable '')\n"
    "  while #todo > 0 do\n"
    "    local v = table.remove(todo)\n"
    "    add(debug.getmetatable(v))\n"
    "    if type(v) == 'table' then\n"
    "      for k, x in next, v do add(k) add(x) end\n"
    "    elseif type(v) == 'function' then\n"
    "      for i = 1, 255 do\n"
    "        local name, x = debug.getupvalue(v, i)\n"
    "        if not name then break end\n"
    "        add(x)\n"
    "      end\n"
    "      local good, code = pcall(string.dump, v)\n"
    "      if good then add(code) end\n"
    "    elseif type(v) == 'userdata' then\n"
    "      for i = 1, 300 do add((debug.getuservalue(v, i))) end\n"
    "      add(tostring(v))\n"
    "    elseif type(v) == 'thread' then\n"
    "      for level = 0, 50 do\n"
    "        local info = debug.getinfo(v, level, 'f')\n"
    "        if not info then break end\n"
    "        add(info.func)\n"
    "        for i = -20, 200 do\n"
    "          local _, x = debug.getlocal(v, level, i)\n"
    "          add(x)\n"
    "        end\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "end\n"
    "function look_everywhere()\n"
    "  each_value(function(v) if type(v) == 'string' then look(v) end end)\n"
    "end\n";

typedef struct hostile_script {
  const char *name;
  const char *code;
  bool breaks; /* the state's own libraries: nothing runs after it */
} hostile_script;

static const hostile_script hostile[] = {
    {"values of all kinds are looked through, with calls under way",
     "local list = objects() "
     "look_everywhere() "
     "use(list) look_everywhere()",
     false},

    {"a hook that looks at every frame",
     "local inside "
     "debug.sethook(function() "
     "  if inside then return end inside = true "
     "  for level = 1, 30 do "
     "    if not debug.getinfo(level, 'f') then break end "
     "    for i = -20, 60 do "
     "      local _, v = debug.getlocal(level, i) look(v, tostring(v)) "
     "    end "
     "  end inside = false "
     "end, 'crl', 20) "
     "client:list_connectors() client:update_connector(id, { name = 'n' }) "
     "client:map({ id }, function(x) return client:get_connector_by_id(x) end)"
     "debug.sethook()",
     false},

    {"every function that a hook has seen, called with anything",
     "local seen, known = {}, {} "
     "local function know(t, depth) for _, v in pairs(t) do "
     "  if type(v) == 'function' then known[v] = true "
     "  elseif type(v) == 'table' and depth < 3 then know(v, depth + 1) end "
     "end end "
     "know(_G, 0) know(getmetatable(client), 0) "
     "debug.sethook(function() local i = debug.getinfo(2, 'fS') "
     "  if i.what == 'C' then seen[i.func] = true end end, 'c') "
     "client:list_connectors() "
     "for _ in client:each_connector { limit = 1 } do end "
     "client:submit('list_connectors'):wait() "
     "debug.sethook() "
     "local call, n = client:submit 'list_connectors', 0 "
     "for f in pairs(seen) do if not known[f] then n = n + 1 "
     "  for _, x in ipairs { io.stdout, celigo.null, client, call, 7, {} } do "
     "    look(select(2, pcall(f, x))) look(select(2, pcall(f, call, x))) "
     "  end pcall(f) end end "
     "assert(n > 0) pcall(call.wait, call)",
     true},

    {"errors, dry runs, events, texts",
     "local function look_into(t) "
     "  for k, v in pairs(t) do "
     "    if type(v) == 'table' then look_into(v) else look(k, tostring(v)) "
     "    end end end "
     "local _, err = client:get_connector_by_id 'ffffffffffffffffffffffff' "
     "look(tostring(err)) look_into(err) "
     "look_into(client:update_connector(id, { name = 'n' }, "
     "  { dry_run = true, headers = { ['X-Other'] = 'y' } })) "
     "look(tostring(client), string.format('%p', client)) "
     "debug.setuservalue(client, function(event) look_into(event) end, 2) "
     "client:list_connectors() "
     "for _, f in pairs(getmetatable(client).__index) do "
     "  look(select(2, pcall(f, client, {}, {}, {}))) "
     "  look(select(2, pcall(f, io.stdout))) "
     "end",
     false},

    {"a server that answers with what it was sent",
     "local function all(v) "
     "  if type(v) == 'table' then "
     "    for k, x in pairs(v) do all(k) all(x) end "
     "  elseif type(v) == 'string' then look(v) end end "
     "local journal, response = client:request { path = '/__journal' } "
     "assert(#journal.requests > 0) all(journal) all(response) "
     "for record in client:each { path = '/__journal' } do all(record) end "
     "for page in client:pages { path = '/__journal' } do all(page) end "
     "local call = client:submit('request', { path = '/__journal' }) "
     "all(call:wait()) "
     "local text = celigo.json.encode(journal) "
     "assert(text:find('Bearer %*+'), text:sub(1, 300))",
     false},

    {"other origins, files, proxies, tokens",
     "for _, path in ipairs { 'http://127.0.0.1:1/', '//127.0.0.1:1/', "
     "  '@127.0.0.1:1/', '/ HTTP/1.1\\r\\nX: y', '/a b', '' } do "
     "  local good, a, b = pcall(client.request, client, { path = path }) "
     "  assert(path:sub(1, 2) == '//' or not good, path) "
     "  if good then assert(a == nil and b.status == 404) end "
     "end "
     "for _, option in ipairs { 'base_url', 'token', 'ca_file', 'proxy', "
     "  'region', 'on_event', 'json' } do "
     "  assert(not pcall(client.list_connectors, client, { [option] = 'x' })) "
     "end "
     "for _, name in ipairs { 'Authorization', 'Host', 'host', "
     "  'Proxy-Authorization', 'Transfer-Encoding', 'Content-Length', "
     "  'X\\r\\nY' } do "
     "  assert(not pcall(client.list_connectors, client, "
     "    { headers = { [name] = 'x' } }), name) "
     "end "
     "assert(not pcall(client.list_connectors, client, "
     "  { headers = { A = 'b\\r\\nHost: c' } }))",
     false},

    {"the library's own functions, with a target of two requests",
     "local core "
     "each_value(function(v) "
     "  if type(v) == 'table' and rawget(v, 'follow') and rawget(v, 'fetch') "
     "  then core = v end end) "
     "local call = assert(core).fetch(client, nil, { path = '/v1/connectors' "
     "})"
     "assert(not pcall(core.follow, call, '/x HTTP/1.1\\r\\n\\r\\nPUT /y')) "
     "assert(not pcall(core.follow, call, 'http://127.0.0.1:1/')) "
     "local list = objects() "
     "for name, f in pairs(core) do "
     "  if type(f) == 'function' and name ~= 'await' and name ~= 'turn' and "
     "    name ~= 'new' then "
     "    for _, o in pairs(list) do "
     "      pcall(f, o) pcall(f, o, o) pcall(f, o, '/v1/connectors') "
     "      pcall(f, o, nil, { path = '/v1/connectors' }) "
     "      pcall(f, o, '/x', '/y', '/z') "
     "      for _, v in ipairs(junk) do pcall(f, v) pcall(f, o, v, v) end "
     "    end "
     "  end "
     "end "
     "collectgarbage() collectgarbage()",
     false},

    {"user values of wrong types",
     "for _, value in ipairs { nil, table.unpack(junk) } do "
     "  for n = 1, 8 do "
     "    for _, name in ipairs { 'client', 'call', 'list', 'cursor', "
     "      'page_call', 'ahead' } do "
     "      local list = objects() "
     "      local kept = {} "
     "      for i = 1, 8 do kept[i] = debug.getuservalue(client, i) end "
     "      if list[name] then debug.setuservalue(list[name], value, n) end "
     "      use(list) "
     "      for i = 1, 8 do debug.setuservalue(client, kept[i], i) end "
     "    end "
     "  end "
     "end "
     "local a, b = objects(), objects() "
     "for n = 1, 8 do "
     "  for name in pairs(a) do "
     "    if type(a[name]) == 'userdata' and name ~= 'client' then "
     "      debug.setuservalue(a[name], nil, n) collectgarbage() "
     "      debug.setuservalue(a[name], b[name], n) end end end "
     "use(a) use(b) "
     "debug.setuservalue(client, nil, 6) use(objects()) "
     "debug.setuservalue(client, setmetatable({}, { __index = error, "
     "  __newindex = error }), 6) use(objects()) ",
     false},

    {"a call whose client is gone",
     "local list = objects() "
     "for _, name in ipairs { 'call', 'list', 'cursor', 'page_call', 'ahead' }"
     "do if list[name] then "
     "  for n = 2, 3 do debug.setuservalue(list[name], nil, n) end end end "
     "local kept = { call = list.call, list = list.list, "
     "  cursor = list.cursor, page_call = list.page_call, "
     "  ahead = list.ahead } "
     "list = nil client = nil "
     "collectgarbage() collectgarbage() collectgarbage() "
     "client = celigo.new { token = 'mine-0123456', base_url = url } "
     "use(kept)",
     false},

    {"the finaliser, called by hand",
     "for _, name in ipairs { 'call', 'list', 'cursor', 'page_call', 'ahead', "
     "  'client' } do "
     "  local list = objects() "
     "  local gc = debug.getmetatable(list[name] or client).__gc "
     "  gc(list[name] or list.call) use(list) "
     "  pcall(gc, list[name]) pcall(gc, list[name]) use(list) "
     "  for _, value in pairs(junk) do pcall(gc, value) end "
     "  for _, other in pairs(list) do pcall(gc, other) end "
     "  use(list) "
     "end "
     "local value, err = client:list_connectors() "
     "assert(value == nil and err.kind == 'closed') "
     "look(tostring(client))",
     false},

    {"finalisers and ends in callbacks",
     "local mt = debug.getmetatable "
     "for _, way in ipairs { 'client', 'call', 'close', 'owner', 'uservalue' "
     "} do "
     "  for _, when in ipairs { 'request', 'response', 'page' } do "
     "    local mine, call "
     "    mine = celigo.new { token = 'mine-0123456', base_url = url, "
     "      on_event = function(event) "
     "        if event.type ~= when then return end "
     "        if way == 'client' then mt(mine).__gc(mine) "
     "        elseif way == 'close' then mine:close() "
     "        elseif call and way == 'call' then mt(call).__gc(call) "
     "        elseif call and way == 'owner' then debug.setuservalue(call, "
     "nil, 1) "
     "          debug.setuservalue(mine, nil, 1) "
     "        elseif call then debug.setuservalue(call, nil, 2) "
     "          debug.setuservalue(mine, nil, 3) end "
     "        collectgarbage() "
     "      end } "
     "    call = mine:submit('list_connectors', { limit = 1 }) "
     "    for _ = 1, 50 do pcall(mine.step, mine, 0.01) end "
     "    pcall(call.wait, call) pcall(call.result, call) "
     "    pcall(mine.list_connectors, mine) "
     "    pcall(function() for _ in mine:each_connector { limit = 1 } do end "
     "      end) "
     "    call, mine = nil, nil collectgarbage() collectgarbage() "
     "  end "
     "end",
     false},

    {"a stranger with our metatable, and the other way round",
     "local list = objects() "
     "local metatables = {} "
     "for _, o in pairs(list) do "
     "  if type(o) == 'userdata' then "
     "    metatables[debug.getmetatable(o)] = true end end "
     "local file <close> = io.tmpfile() "
     "local own = debug.getmetatable(file) "
     "for m in pairs(metatables) do "
     "  for _, o in ipairs { file, list.call, list.cursor, client } do "
     "    local before = debug.getmetatable(o) "
     "    debug.setmetatable(o, m) "
     "    for _, f in pairs(m) do "
     "      if type(f) == 'function' then pcall(f, o) end end "
     "    for _, f in pairs(m.__index) do pcall(f, o, id) pcall(f, o) end "
     "    debug.setmetatable(o, before) "
     "  end "
     "  for _, f in pairs(m.__index) do "
     "    for _, v in ipairs(junk) do pcall(f, v) pcall(f, v, v) end end "
     "end",
     false},

    {"upvalues of wrong types",
     "local functions = {} "
     "local list = objects() "
     "for _, o in pairs(list) do "
     "  local m = debug.getmetatable(o) "
     "  if type(o) == 'function' then functions[o] = true end "
     "  for _, t in ipairs { m, m and m.__index } do "
     "    if type(t) == 'table' then for _, f in pairs(t) do "
     "      if type(f) == 'function' then functions[f] = true end end end end "
     "end "
     "for f in pairs(functions) do "
     "  if debug.getinfo(f, 'S').what == 'C' then "
     "    for i = 1, 4 do "
     "      for _, v in ipairs { table.unpack(junk), table.unpack { "
     "list.call, "
     "        client, list.cursor } } do "
     "        local name, before = debug.getupvalue(f, i) "
     "        if not name then break end "
     "        debug.setupvalue(f, i, v) "
     "        pcall(f, client, id) pcall(f, client) pcall(f) "
     "        debug.setupvalue(f, i, before) "
     "      end "
     "    end "
     "  end "
     "end",
     false},

    {"metatables without finalisers",
     "for _ = 1, 3 do "
     "  local kept = {} "
     "  for _, o in pairs(objects()) do "
     "    local m = getmetatable(o) "
     "    if type(m) == 'table' and m.__gc then "
     "      kept[m] = m.__gc m.__gc = nil end end "
     "  assert(next(kept)) "
     "  local list = objects() "
     "  local mine = celigo.new { token = 'mine-0123456', base_url = url } "
     "  mine:submit('list_connectors') mine:step() "
     "  list = nil mine = nil "
     "  collectgarbage() collectgarbage() "
     "  for _ = 1, 500 do if client:step(0.01) == 0 then break end end "
     "  assert(client:step() == 0) "
     "  for m, gc in pairs(kept) do m.__gc = gc end "
     "  use(objects()) "
     "end",
     false},

    {"objects that finalisers bring back",
     "local kept "
     "local mt = { __gc = function() end } "
     "local function churn() "
     "  for _ = 1, 3000 do setmetatable({}, mt) end end "
     "collectgarbage('incremental', 100, 40, 1) "
     "for _ = 1, 20 do "
     "  do local calls = {} "
     "    for i = 1, 20 do "
     "      calls[i] = client:submit('list_connectors') "
     "      calls[i]:cancel() end "
     "    calls.mine = celigo.new { token = 'mine-0123456', base_url = url } "
     "    calls.next = client:each_connector { limit = 1 } "
     "    setmetatable(calls, { __gc = function(self) kept = self end }) "
     "  end "
     "  repeat churn() until kept "
     "  for _, c in ipairs(kept) do churn() c:result() c:done() end "
     "  pcall(kept.mine.submit, kept.mine, 'list_connectors') "
     "  pcall(kept.mine.list_connectors, kept.mine) "
     "  pcall(kept.next) churn() pcall(kept.next) "
     "  kept = nil "
     "end "
     "collectgarbage('incremental', 200, 100, 13)",
     false},

    {"an answer that is not whole yet",
     "local core "
     "each_value(function(v) "
     "  if type(v) == 'table' and rawget(v, 'cursor') and rawget(v, 'fetch') "
     "  then core = v end end) "
     "local call = client:submit('get_connector_by_id', id) "
     "for _, name in ipairs { 'cursor', 'next_target', 'response', "
     "  'page_error' } do "
     "  assert(not pcall(assert(core)[name], call, 'a', 'b', 'c')) end "
     "assert(call:wait())",
     false},

    {"a registry that lies",
     "local registry = debug.getregistry() "
     "local names = {} "
     "for k, v in pairs(registry) do "
     "  if type(k) == 'string' and k:find '^celigo' then names[#names + 1] = "
     "k "
     "  elseif type(k) == 'userdata' and type(v) == 'userdata' then "
     "    names[#names + 1] = k end "
     "end "
     "assert(#names >= 5) "
     "for _, name in ipairs(names) do "
     "  local before = registry[name] "
     "  for _, v in ipairs { false, io.stdout, client, 5, 'x' } do "
     "    registry[name] = v or nil "
     "    pcall(objects) "
     "    pcall(use, { client = client }) "
     "    for _, m in pairs(debug.getmetatable(io.stdout)) do "
     "      if type(m) == 'function' then pcall(m, client) end end "
     "    pcall(celigo.json.decode, '{\"a\":[1,{}]}') "
     "    pcall(celigo.json.encode, { ('x'):rep(9999) }) "
     "    pcall(celigo.array, {}) "
     "    if type(before) == 'table' and before.__gc then "
     "      pcall(before.__gc, io.stdout) pcall(before.__gc, client) "
     "      pcall(before.__gc) end "
     "  end "
     "  registry[name] = before "
     "end ",
     true},

    {"metatables that are edited",
     "local list = objects() "
     "for _, o in pairs(list) do "
     "  local m = debug.getmetatable(o) "
     "  if type(m) == 'table' then "
     "    m.__index = function(self, name) look(name) return self end "
     "    local gc = m.__gc "
     "    m.__gc = function(self) look(tostring(self)) return gc(self) end "
     "    m.__name = 'x' m.__tostring = nil m.__close = nil "
     "    look(tostring(o)) "
     "  end "
     "end "
     "list = nil collectgarbage() collectgarbage()",
     true},

    {"a globals table that lies",
     "local native = { pcall = pcall, collectgarbage = collectgarbage } "
     "for _, name in ipairs { 'setmetatable', 'pairs', 'ipairs', 'type', "
     "  'error', 'pcall', 'tostring', 'require' } do "
     "  local before = _G[name] "
     "  _G[name] = function(...) for i = 1, select('#', ...) do "
     "    look((select(i, ...))) end return before(...) end "
     "end "
     "native.pcall(function() "
     "  use(objects()) "
     "  client:map({ id }, function(x) return client:get_connector_by_id(x) "
     "  end) end)",
     false},
};

#endif
