-- A duration in words
playbook {
  name = "header-duration", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  stale_after = "15 minutes", -- expect: header @ stale_after
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
