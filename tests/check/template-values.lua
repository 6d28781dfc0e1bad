-- Variables whose values the text tells: paths, items of lists, tables in a local, nil
playbook {
  name = "template-values", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local say = notify
function main(p)
  notify("team", "list", { y = {}, l = {} }) -- expect: missing-variable @ "list"
  notify("team", "list", { y = { z = 1 }, l = { { name = "a" }, { nam = "b" } } }) -- expect: missing-variable @ "list"
  local vars = { y = { zz = p.domain } }
  notify("team", "list", vars) -- expect: missing-variable @ "list"
  notify("team", "list", { y = nil }) -- expect: missing-variable @ "list"
  say("team", "list") -- expect: missing-variable @ "list"
  say("team", "nosuch", {}) -- expect: no-template @ "nosuch"
  pcall(notify, "team", "list", { y = { z = true }, empty = true, l = { { name = 1 } }, m = 1 }) -- expect: extra-variable @ m = 1
  -- right, or not to be known
  notify("team", "list", { y = { z = p.domain }, name = "outer", l = { {}, { name = 1 } }, empty = "x" })
  notify("team", "list", { y = p, l = p })
  local grown = { y = {} }
  grown.y.z = 1
  notify("team", "list", grown)
  local later = { l = {} }
  later.y = { z = p.domain }
  notify("team", "list", later)
  local items = {}
  for i = 1, 3 do items[i] = { name = i } end
  local held = { y = { z = 1 }, l = items }
  evidence("held", held)
  notify("team", "list", held)
  finish("done")
end

--[==[ templates/list.md
Subject: {{y.z}}

{{#l}}
{{name}}
{{/l}}
{{^l}}{{#empty}}None of {{y.z}}.{{/empty}}{{/l}}
]==]
