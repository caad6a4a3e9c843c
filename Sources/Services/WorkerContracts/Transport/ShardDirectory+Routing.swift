import Leases

extension ShardDirectory: ShardRouting {}
