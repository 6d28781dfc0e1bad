-- SPDX-License-Identifier: MIT
-- The words of muster.lua: secret.file and secret.env. The chunk returns a table, or assigns globals.
local prim, env = ...
local pairs, type, tostring, misuse = env.pairs, env.type, env.tostring, prim.misuse
local words = {}
for name in pairs(env) do words[name] = true end

local function secret(kind)
  return function(from)
    if type(from) ~= "string" then misuse("secret." .. kind .. " takes a text, got " .. type(from)) end
    return { ["$secret"] = prim.secret(kind .. ":" .. from) }
  end
end
env.secret = { file = secret "file", env = secret "env" }
words.secret = true

prim.setmetatable(env, {
  __index = function(_, name)
    misuse('unknown name "' .. tostring(name) .. '": a text stands in quotes; the words here are secret.file and secret.env')
  end,
  __metatable = false,
})

return function(returned)
  local said, assigned = {}, nil
  for name, value in pairs(env) do
    if not words[name] then said[name], assigned = value, assigned or name end
  end
  if returned == nil then return said end
  if type(returned) ~= "table" then misuse("the configuration is a table: return { ... }, not a " .. type(returned)) end
  if assigned then misuse(tostring(assigned) .. " is assigned beside the table that is returned: put it into the table, or make it local") end
  return returned
end
