-- A misspelt option of each
playbook {
  name = "word-each", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  each({ 1, 2 }, { limt = 1 }, function(n) evidence("n", n) end) -- expect: unknown-option @ limt
  finish("done", p.domain)
end
