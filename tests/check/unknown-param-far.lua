-- The same in a function of its own
playbook {
  name = "unknown-param-far", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function name(q) return q.domain .. q.port end -- expect: unknown-param @ port
function main(p)
  finish("done", name(p))
end
