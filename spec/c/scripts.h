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
    "  list.ahead = list.walk.ahead\n"
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
};

#endif
