-- What Lua has elsewhere
playbook {
  name = "unknown-lua", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain .. os.time()) -- expect: unknown-name @ os
end
