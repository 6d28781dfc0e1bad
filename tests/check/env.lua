-- The environment itself
playbook {
  name = "env", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local e = _ENV -- expect: env @ _ENV
  finish("done", p.domain .. tostring(e))
end
