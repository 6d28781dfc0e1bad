-- SPDX-License-Identifier: MIT
-- The words a playbook's header may use: `playbook { ... }` and param.*. Everything else is a name that
-- can be passed around and raises when it is called: at the top level of a file nothing can act.
-- Returns a function that hands over what was said.
local prim, env = ...
local type, pairs, ipairs, tostring = env.type, env.pairs, env.ipairs, env.tostring
local setmetatable, misuse = prim.setmetatable, prim.misuse

-- --- param.* -----------------------------------------------------------------------------------

local kinds = { "domain", "host", "mailbox", "duration", "integer", "number", "string", "boolean", "choice", "secret" }
local options = { default = true, from = true, min = true, max = true }
local kind_of = {} -- constructor → kind, for param.list(param.domain)

local function add_options(self, opts)
  if type(opts) ~= "table" then misuse("a param's options are a table: { default = ... }") end
  for key, value in pairs(opts) do
    if type(key) == "number" then
      self.choices = self.choices or {}
      self.choices[#self.choices + 1] = value
    elseif options[key] then
      self[key] = value
    else
      misuse('a param has no option "' .. tostring(key) .. '": it takes default, from, min, max')
    end
  end
  return self
end

local function constructor(kind, items)
  return function(doc)
    if type(doc) ~= "string" then misuse("param." .. kind .. ' takes what it is for: param.' .. kind .. ' "The domain"') end
    return setmetatable({ kind = kind, items = items, doc = doc, line = prim.line() }, { __call = add_options, __metatable = false })
  end
end

local param = {}
for _, kind in ipairs(kinds) do
  param[kind] = constructor(kind)
  kind_of[param[kind]] = kind
end
function param.list(item)
  local kind = kind_of[item]
  if not kind then misuse('param.list takes a kind: param.list(param.domain) "The domains"') end
  return constructor("list", kind)
end
env.param = setmetatable({}, {
  __index = function(_, name)
    if not param[name] then
      misuse("there is no param." .. tostring(name) .. ": it is one of " .. env.table.concat(kinds, ", ") .. ", list")
    end
    return param[name]
  end,
  __metatable = false,
})

-- --- playbook { ... } --------------------------------------------------------------------------

local header, header_line
local libraries = 0 -- that are being loaded
function env.use(name)
  libraries = libraries + 1
  local offered = prim.use(name)
  libraries = libraries - 1
  return offered
end

function env.playbook(said)
  if libraries > 0 then misuse("playbook { ... } stands in playbook.lua, not in a library") end
  if type(said) ~= "table" then misuse("playbook takes a table") end
  if header then misuse("playbook { ... } stands twice") end
  header, header_line = said, prim.line()
end

-- --- everything else ---------------------------------------------------------------------------

local function stub(name)
  return setmetatable({}, {
    __index = function(_, key) return stub(name .. "." .. tostring(key)) end,
    __call = function() misuse(name .. " can't be called while the header is read: use it inside main or detect") end,
    __metatable = false,
  })
end
setmetatable(env, { __index = function(_, name) return stub(name) end, __metatable = false })

return function()
  local params = {}
  for name, one in pairs(header and type(header.params) == "table" and header.params or {}) do
    if type(name) ~= "string" or type(one) ~= "table" or not one.kind then
      misuse("params." .. tostring(name) .. " is not a param: write " .. tostring(name) .. ' = param.string "What it is for"')
    end
    local plain = { name = name }
    for key, value in pairs(one) do plain[key] = value end
    params[#params + 1] = plain
  end
  local plain
  if header then
    plain = {}
    for key, value in pairs(header) do if key ~= "params" then plain[key] = value end end
  end
  return { header = plain, params = params, line = header_line,
           main = type(prim.rawget(env, "main")) == "function", detect = type(prim.rawget(env, "detect")) == "function" }
end
