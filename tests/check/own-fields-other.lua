-- Fields that are set on another table, and those that nobody sets
playbook {
  name = "own-fields-other", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { host = param.host "The host" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local seen = {}
  seen[p.host] = true
  local found = smtp.probe(p.host)
  found.mine = seen
  local looks = parallel { a = function() return 1 end }
  looks.sum = looks.aa -- expect: unknown-field @ aa
  finish("done", looks.sum .. tostring(found.mine) .. found.verdcit) -- expect: unknown-field @ verdcit
end
