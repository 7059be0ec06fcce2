--- What the reference says: reads the LDoc comments of the files that
-- config.ld names, in Lua and in C, without LDoc.
--
--     for _, item in ipairs(reference.items()) do
--       item.module, item.kind, item.name   -- "celigo.client", "function", …
--       item.text                           -- the whole comment
--       item.usage                          -- its example, or nil
--       item.fields                         -- of a table: { name, type } each
--       item.file, item.line
--     end
--
-- What a module's own comment says has the kind "module".

local reference = {}

--- The files of the reference, as config.ld names them.
function reference.files()
  local config = {}
  assert(loadfile("config.ld", "t", config))()
  return config.file
end

-- The comments of a C file: /*** ... */, as { line, lines }.
local function c_comments(text)
  local found, at = {}, 1
  while true do
    local first, last, body = text:find("/%*%*%*\n(.-)%*/", at)
    if not first then return found end
    local _, before = text:sub(1, first):gsub("\n", "")
    local lines = {}
    for line in body:gmatch "([^\n]*)\n?" do lines[#lines + 1] = line end
    found[#found + 1] = { line = before + 1, lines = lines }
    at = last + 1
  end
end

-- Those of a Lua file: a line with three hyphens and the comments below it.
local function lua_comments(text)
  local found, open, number = {}, nil, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    local first = line:match "^%s*%-%-%-%s?(.*)"
    local more = line:match "^%s*%-%-%s?(.*)"
    if first and not line:find "^%s*%-%-%-%-" then
      open = { line = number, lines = { first } }
      found[#found + 1] = open
    elseif more and open then
      open.lines[#open.lines + 1] = more
    else
      open = nil
    end
  end
  return found
end

local kinds = { module = true, classmod = true, ["function"] = true, table = true, field = true }

-- What a tag line begins: the item's kind and name.
local function read_tag(item, tag, rest)
  if tag == "usage" then
    item.usage = { rest }
    return "usage"
  end
  if kinds[tag] and not item.kind then
    item.kind, item.name = tag, rest
  elseif tag == "tfield" then
    local kind, name = rest:match "^(%S+)%s+(%S+)"
    item.fields[#item.fields + 1] = { name = name, type = kind }
  end
  return tag
end

local function read_comment(comment, file)
  local item = {
    file = file, line = comment.line, fields = {},
    text = table.concat(comment.lines, "\n"),
  }
  local within
  for _, line in ipairs(comment.lines) do
    local tag, modifier, rest = line:match "^@(%a+)(%b[])%s*(.*)"
    if not tag then tag, rest = line:match "^@(%a+)%s*(.*)" end
    if tag then
      within = read_tag(item, tag, rest, modifier)
    elseif within == "usage" then
      item.usage[#item.usage + 1] = line
    end
  end
  item.usage = item.usage and table.concat(item.usage, "\n")
  return item
end

local function read_file(file, items)
  local handle <close> = assert(io.open(file, "rb"))
  local text = handle:read "a"
  local module
  for _, comment in ipairs(file:find "%.c$" and c_comments(text) or lua_comments(text)) do
    local item = read_comment(comment, file)
    if item.kind == "module" or item.kind == "classmod" then
      module, item.kind = item.name, "module"
    end
    item.module = module
    if item.kind then items[#items + 1] = item end
  end
end

--- Every item of the reference, in the order of the files.
function reference.items()
  local items = {}
  for _, file in ipairs(reference.files()) do read_file(file, items) end
  return items
end

--- The fields of a documented table, by name, with their types.
function reference.fields(module, name)
  for _, item in ipairs(reference.items()) do
    if item.module == module and item.kind == "table" and item.name == name then
      local fields = {}
      for _, field in ipairs(item.fields) do fields[field.name] = field.type end
      return fields
    end
  end
  error(("the reference has no table %s in %s"):format(name, module), 2)
end

return reference
