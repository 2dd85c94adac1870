extension Main {
  static let help = "usage: xodb-node --data DIR -d DB [OPTION …] [SQL [PARAM …]]\n"
}
