--- Reads the LuaLS annotations of a file that holds nothing else.
--
--     local types = annotations.read "lua/celigo/types.lua"
--     types.classes["celigo.Client"].parent         -- "userdata"
--                 .fields.name                      -- { type, optional, text }
--                 .functions.submit                 -- { params, returns, overloads, method }
--     types.aliases["celigo.ErrorKind"]             -- { type = …, literals = { … } }

local annotations = {}

-- A type at the start of a text, and what follows it: spaces may stand
-- within brackets, after a colon or a comma, and around a bar.
local function split_type(text)
  local depth, at = 0, 1
  while at <= #text do
    local char = text:sub(at, at)
    if char:find "[%(<{]" then depth = depth + 1 end
    if char:find "[%)>}]" then depth = depth - 1 end
    if char == " " and depth == 0 and not text:sub(1, at - 1):find "[:,|]$" then break end
    at = at + 1
  end
  return text:sub(1, at - 1), text:sub(at + 1)
end

local function read_named(text)
  local name, mark, rest = text:match "^([%w_%.]+)(%??)%s+(.*)"
  local kind, words = split_type(rest)
  return { name = name, optional = mark == "?", type = kind, text = words }
end

local function read_field(state, text)
  local field = read_named(text)
  state.class.fields[field.name] = field
end

local readers = {
  meta = function() end,
  field = read_field,
  alias = function(state, text)
    local name, rest = text:match "^(%S+)%s*(.*)"
    state.alias = { type = split_type(rest), literals = {} }
    state.types.aliases[name] = state.alias
  end,
  class = function(state, text)
    local name, parent = text:match "^([%w_%.]+):?%s*(%S*)"
    state.class = { name = name, parent = parent ~= "" and parent or nil, fields = {}, functions = {} }
    state.types.classes[name] = state.class
  end,
  param = function(state, text)
    table.insert(state.params, read_named(text))
  end,
  ["return"] = function(state, text)
    table.insert(state.returns, (split_type(text)))
  end,
  overload = function(state, text)
    table.insert(state.overloads, text)
  end,
  generic = function() end,
}

local function read_function(state, line)
  local separator, name, parameters = line:match "^function [%w_]+([%.:])([%w_]+)%((.-)%) end$"
  if not name then return false end
  local list = {}
  for word in parameters:gmatch "[%w_%.]+" do list[#list + 1] = word end
  state.class.functions[name] = {
    method = separator == ":", names = list, text = state.text,
    params = state.params, returns = state.returns, overloads = state.overloads,
  }
  return true
end

local function start(state)
  state.params, state.returns, state.overloads, state.text = {}, {}, {}, nil
end

local function read_line(state, line)
  local tag, rest = line:match "^%-%-%-@(%a+)%s*(.*)"
  if tag then
    local reader = assert(readers[tag], "no such annotation: " .. tag)
    return reader(state, rest)
  end
  local literal = line:match '^%-%-%-| "(.-)"'
  if literal then
    table.insert(state.alias.literals, literal)
  elseif line:find "^%-%-%- %S" then
    start(state)
    state.text = line
  elseif read_function(state, line) then
    start(state)
  elseif line ~= "" and not line:find "^%-%- " and not line:find "^local %a+ = {}$" then
    error("what is this line? " .. line)
  end
end

--- Reads a file. Raises where it holds anything that is not known here.
function annotations.read(path)
  local state = { types = { classes = {}, aliases = {} } }
  start(state)
  for line in io.lines(path) do read_line(state, line) end
  return state.types
end

--- Every name of the library's own that a type mentions.
function annotations.mentioned(kind)
  local names = {}
  for name in kind:gmatch "celigo[%w_%.]*" do names[#names + 1] = name end
  return names
end

return annotations
