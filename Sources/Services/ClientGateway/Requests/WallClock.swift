import WorkerContracts

package typealias WallClock = WorkerContracts.WallClock
